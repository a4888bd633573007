# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of `./dev lab`."""

import dataclasses
import importlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

from labhost import (acpi, console, debian, initrd, kernels, packages, payload,
                     programs, roots, scenario, store)
from labhost.agent import AgentError
from labhost.host import CheckFailed, Host, Lab, SimulatedGpu
from labhost.machine import Machine, Parts, Process

LOGS = store.REPOSITORY / "build/lab"


def need_root():
    """Asked first: minutes of downloads would come before it shows."""
    if os.getuid() != 0:
        raise store.LabSkip("it needs root, to make Debian trees and to build for "
                            "arm64 in one of them: sudo ./dev lab …")


def busybox():
    """A static one for initrds, for arm64."""
    version = debian.in_suite(debian.SUITE, "field", "busybox-static:arm64",
                              "Version")

    def make(path):
        folder = path.with_name(path.name + ".tree")
        store.remove(folder)
        folder.mkdir()
        deb = debian.in_suite(debian.SUITE, "download", folder,
                              "busybox-static:arm64").strip()
        debian.unpack(deb, folder)
        shutil.copy(folder / "usr/bin/busybox", path)
        store.remove(folder)

    return store.cached("busybox", store.digest(version), make).read_bytes()


def assemble(chosen, kernel, folder, build):
    """Everything that is needed to switch the machine on."""
    static = busybox()
    initrd_path = folder / "initrd"
    initrd_path.write_bytes(initrd.acpi(acpi.tables(chosen))
                            + initrd.for_host(kernel, static))
    parts = Parts(
        tools=roots.tools(), gpusim=programs.gpusim(build),
        kernel=kernels.files(kernel) / "vmlinuz", initrd=initrd_path,
        host_disk=None, modules_disk=None, payload_disk=None)
    if chosen.packages:
        add_packages(parts, chosen, kernel, folder, static)
    else:
        parts.host_disk = roots.host_image(chosen.suite, chosen.libvirt)
        parts.modules_disk = kernels.modules_image(kernel, chosen.driver)
        parts.payload_disk = payload.make(folder, chosen, kernel, static,
                                          programs.install(chosen.suite,
                                                           folder / "install"))
    return parts


def add_packages(parts, chosen, kernel, folder, static):
    """Disks of a host on which packages are installed, and the kernel is one."""
    parts.host_disk, parts.payload_disk = folder / "host.img", folder / "payload.img"
    if parts.host_disk.exists():
        return  # it is switched on once more
    store.run("cp", "--sparse=always",
              roots.host_image(chosen.suite, chosen.libvirt, kernel), parts.host_disk)
    # Guests have the newer kernel. That of Debian 13 wants more room for a GPU's BARs
    # than the guest's firmware has left, and then assigns none of them.
    later = packages.next_kernel(chosen.suite)
    payload.make(
        folder, chosen, later, static,
        debs=packages.ours(chosen.suite) + packages.of_kernel(later))


def load_test(name):
    folder = str(store.REPOSITORY / "tests/lab/tests")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(name)


@dataclasses.dataclass
class Outcome:
    loaded: bool = False
    passed: int = 0
    failures: list = dataclasses.field(default_factory=list)
    results: list = dataclasses.field(default_factory=list)

    def good(self):
        return self.passed > 0 and not self.failures

    def text(self):
        if self.good():
            return "yes"
        return f"**no**: {len(self.failures)} checks" if self.passed else "**no**"


def run_test(chosen, kernel, machine, logs, build, power_on):
    with open(logs / "commands.log", "w", encoding="utf-8") as log:
        host = Host(machine.agent, log)
        lab = Lab(chosen, kernel, host,
                  [SimulatedGpu(machine, host, gpu) for gpu in chosen.gpus],
                  logs, build / "nvgpuctl")
        lab.power_on = power_on
        try:
            load_test(chosen.test).run(lab)
        except (CheckFailed, AgentError) as failure:
            lab.fail(str(failure))
        lab.no_leaks()
        # What lockdep says of the kernel's own driver is not ours to mend.
        if chosen.driver == "ours":
            lab.quiet_kernel()
        (logs / "dmesg.log").write_text("\n".join(host.kernel_log()),
                                        encoding="utf-8")
    store.say(f"{chosen.name} on {chosen.suite} with {kernel.version}: "
              f"{lab.passed} checks passed, "
              f"{len(lab.failures)} failed")
    return Outcome(lab.loaded, lab.passed, lab.failures, lab.results)


def keep_logs(machine, logs):
    for log in machine.folder.glob("*.log"):
        shutil.copy(log, logs / log.name)


def tail(path, lines=25):
    if path.exists():
        text = path.read_text(errors="replace").strip().split("\n")[-lines:]
        print(f"-- the end of {path}", *text, sep="\n")


def boot(chosen, kernel, options, machine, stays=False):
    parts = assemble(chosen, kernel, machine.folder, options.build)
    store.say(f"{chosen.name}: booting {chosen.suite} with Linux {kernel.version}")
    machine.start(parts, chosen, stays)
    store.say(f"up after {machine.wait_for_boot():.0f} s")


def test_and_log(chosen, kernel, machine, build, prepare, power_on):
    logs = LOGS / f"{chosen.name}-{chosen.suite}-{kernel.version}"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    try:
        prepare()
        start = time.monotonic()
        outcome = run_test(chosen, kernel, machine, logs, build, power_on)
        store.say(f"took {time.monotonic() - start:.0f} s")
    except BaseException:
        keep_logs(machine, logs)
        tail(logs / "console.log")
        store.warn(f"logs are in {logs}")
        raise
    keep_logs(machine, logs)
    if not outcome.good():
        tail(logs / "dmesg.log")
        store.warn(f"logs are in {logs}")
    return outcome


def cannot_power_on(_):
    raise store.LabError("a host that `up` started is not started once more; "
                         "./dev lab down, then run again")


def run_one(name, options):
    chosen = scenario.load(name, options.suite)
    running = read_state()
    if running and running["scenario"] == name and options.kernel in (
            None, running["kernel"]["version"], running["kernel"]["suite"]) and (
            options.suite in (None, running["suite"])):
        chosen.suite = running["suite"]
        store.say("in the host that is running")
        machine = attach(running)
        return test_and_log(chosen, kernels.Kernel(**running["kernel"]), machine,
                            options.build, machine.wait_for_boot, cannot_power_on)
    need_root()
    kernel = kernels.find(options.kernel or chosen.kernels[0], chosen.suite)
    store.sweep("nvgpu-lab-")
    # In /tmp, because a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="nvgpu-lab-", dir="/tmp") as folder:
        machine = Machine(pathlib.Path(folder))
        try:
            def power_on(kernel):
                boot(chosen, kernel, options, machine)

            def power_on_again(kernel):
                machine.wait_until_off()
                power_on(kernel)

            return test_and_log(chosen, kernel, machine, options.build,
                                lambda: power_on(kernel), power_on_again)
        finally:
            machine.stop()


def prepare(options):
    """What takes one processor and the network for minutes, the first time."""
    need_root()
    busybox()
    roots.tools()
    for name in options.scenario:
        chosen = scenario.load(name, options.suite)
        kernel = kernels.find(options.kernel or chosen.kernels[0], chosen.suite)
        kernels.files(kernel)
        if not chosen.packages:
            roots.host_image(chosen.suite, chosen.libvirt)
            programs.cross_root(chosen.suite)
    return 0


def run(options):
    results = [run_one(name, options) for name in options.scenario]
    return 0 if all(outcome.good() for outcome in results) else 1


# --- every kernel -------------------------------------------------------------
TABLE = store.REPOSITORY / "docs/kernels.md"


def update_table(results):
    """Puts (loads, passes) into the last two columns of the kernels' rows."""
    lines = TABLE.read_text(encoding="utf-8").split("\n")
    for i, line in enumerate(lines):
        cells = line.split(" | ")
        if len(cells) == 8 and cells[0].removeprefix("| ") in results:
            loads, passes = results[cells[0].removeprefix("| ")]
            lines[i] = " | ".join([*cells[:6], loads, f"{passes} |"])
    TABLE.write_text("\n".join(lines), encoding="utf-8")


def matrix(options):
    need_root()
    results = {}
    for suite in options.kernels or kernels.SUITES:
        kernel = kernels.find(suite)
        options.kernel = suite
        outcome = Outcome()
        try:
            outcome = run_one(options.scenario, options)
        except store.LabSkip:
            raise
        except store.LabError as error:
            store.warn(str(error))
        results[kernel.version] = ("yes" if outcome.loaded else "**no**",
                                   outcome.text())
    print("| kernel | loads | passes |", "|---|---|---|", sep="\n")
    for version, row in results.items():
        print(f"| {version} | {row[0]} | {row[1]} |")
    if options.update:
        update_table(results)
    return 0 if all(row[1].startswith("yes") for row in results.values()) else 1


def bench(options):
    """What `./dev bench lab` prints."""
    rows = []
    good = True
    for name in options.kernels or scenario.load("mapping").kernels:
        kernel = kernels.find(name)
        options.kernel = kernel.version
        outcome = run_one("mapping", options)
        good = good and outcome.good()
        rows += [(kernel.version, row) for row in outcome.results]
    print("| kernel | mapping | faults a GiB | seconds to touch 1 GiB | "
          "`read()`, share of `memcpy()` |", "|---|---|---:|---:|---:|", sep="\n")
    for version, row in rows:
        print(f"| {version} | {row['mapping']} | {row['faults_per_gib']:.0f} | "
              f"{row['touch_seconds']:.1f} | {row['read_share']:.2f} |")
    return 0 if good else 1


# --- a host that stays -------------------------------------------------------
STATE = store.CACHE / "running.json"


def read_state():
    """What `up` started, or None if it does not run any more."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    # Process ids are used again; this one is still ours.
    command = pathlib.Path(f"/proc/{state['processes'][-1]['pid']}/cmdline")
    if command.exists() and state["folder"].encode() in command.read_bytes():
        return state
    return None


def attach(state):
    return Machine(pathlib.Path(state["folder"]),
                   [Process(**process) for process in state["processes"]])


def up(options):
    if read_state():
        raise store.LabError("one is running already; ./dev lab down stops it")
    need_root()
    chosen = scenario.load(options.scenario, options.suite)
    kernel = kernels.find(options.kernel or chosen.kernels[0], chosen.suite)
    machine = Machine(pathlib.Path(tempfile.mkdtemp(prefix="nvgpu-lab-", dir="/tmp")))
    try:
        boot(chosen, kernel, options, machine, stays=True)
    except BaseException:
        tail(machine.folder / "console.log")
        machine.stop()
        shutil.rmtree(machine.folder)
        raise
    STATE.write_text(json.dumps({
        "scenario": chosen.name, "suite": chosen.suite,
        "kernel": dataclasses.asdict(kernel),
        "folder": str(machine.folder),
        "processes": [{"name": process.name, "pid": process.pid}
                      for process in machine.processes]}), encoding="utf-8")
    return 0


def down(_):
    state = read_state()
    if state:
        attach(state).stop()
        shutil.rmtree(state["folder"])
    STATE.unlink(missing_ok=True)
    return 0


def shell(_):
    state = read_state()
    if not state:
        raise store.LabError("no host is running; ./dev lab up starts one")
    return console.attach(pathlib.Path(state["folder"]) / "shell")
