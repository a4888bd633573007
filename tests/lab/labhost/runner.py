# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of `./dev lab`."""

import importlib.util
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import time

from labhost import (acpi, debian, initrd, kernels, payload, programs, roots,
                     scenario, store)
from labhost.host import CheckFailed, Host, Lab, SimulatedGpu
from labhost.machine import Machine, Parts

LOGS = store.REPOSITORY / "build/lab"


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
    image = kernels.files(kernel) / "vmlinuz"
    initrd_path = folder / "initrd"
    initrd_path.write_bytes(initrd.acpi(acpi.table(chosen))
                            + initrd.for_host(kernel, static))
    return Parts(
        tools=roots.tools(), gpusim=programs.gpusim(build), kernel=image,
        initrd=initrd_path, host_disk=roots.host_image(),
        modules_disk=kernels.modules_image(kernel),
        payload_disk=payload.make(folder, image, static, programs.installed()))


def load_test(name):
    path = store.REPOSITORY / f"tests/lab/tests/{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run_test(chosen, kernel, machine, logs):
    """True when every check was good."""
    with open(logs / "commands.log", "w", encoding="utf-8") as log:
        host = Host(machine.agent, log)
        lab = Lab(chosen, kernel, host,
                  [SimulatedGpu(machine, host, gpu) for gpu in chosen.gpus])
        try:
            load_test(chosen.test).run(lab)
        except CheckFailed as failure:
            lab.fail(str(failure))
        lab.quiet_kernel()
        (logs / "dmesg.log").write_text("\n".join(host.kernel_log()),
                                        encoding="utf-8")
    store.say(f"{chosen.name} on {kernel.version}: {lab.passed} checks passed, "
              f"{len(lab.failures)} failed")
    return not lab.failures


def keep_logs(machine, logs):
    for log in machine.folder.glob("*.log"):
        shutil.copy(log, logs / log.name)


def tail(path, lines=25):
    if path.exists():
        text = path.read_text(errors="replace").strip().split("\n")[-lines:]
        print(f"-- the end of {path}", *text, sep="\n")


def run_one(name, options):
    chosen = scenario.load(name)
    kernel = kernels.find(options.kernel or chosen.kernels[0])
    logs = LOGS / f"{name}-{kernel.version}"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    # Short, because a socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="nvgpu-lab-") as folder:
        parts = assemble(chosen, kernel, pathlib.Path(folder), options.build)
        machine = Machine(pathlib.Path(folder))
        try:
            store.say(f"{name}: booting Linux {kernel.version}")
            machine.start(parts, chosen, stays=False)
            store.say(f"up after {machine.wait_for_boot():.0f} s")
            start = time.monotonic()
            good = run_test(chosen, kernel, machine, logs)
            store.say(f"took {time.monotonic() - start:.0f} s")
        except BaseException:
            keep_logs(machine, logs)
            tail(logs / "console.log")
            store.warn(f"logs are in {logs}")
            raise
        finally:
            machine.stop()
        keep_logs(machine, logs)
    if not good:
        tail(logs / "dmesg.log")
        store.warn(f"logs are in {logs}")
    return good


def run(options):
    results = [run_one(name, options) for name in options.scenario]
    return 0 if all(results) else 1
