# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test of the lab talks to: the simulated host, its GPUs, its checks."""

import dataclasses
import json
import re
import shlex
import time

from labhost.store import LabError

# Lines that no log may have, whoever wrote them.
ALARMING = re.compile(
    r"WARNING:|BUG:|Oops|Call trace|Internal error|Unable to handle|"
    r"blocked for more than|rcu.*stall|soft lockup|list_(add|del) corruption|refcount_t|"
    r"use-after-free|general protection|Bad page|UBSAN|KASAN|\*\*\* DEADLOCK|"
    r"non-static key")
# Where kmemleak is on; the kernel's other leaks are not ours to judge.
BOOT_ID = "/proc/sys/kernel/random/boot_id"
KMEMLEAK = "/sys/kernel/debug/kmemleak"


class CheckFailed(Exception):
    """A test cannot go on."""


@dataclasses.dataclass
class Done:
    """A program that ended."""

    command: str
    code: int
    out: str
    err: str

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise CheckFailed(f"{self.command}: no JSON ({error}): "
                              f"{self.out[:500]!r}") from None


class Host:
    """The simulated host. Commands and their output go to a log."""

    def __init__(self, agent, log):
        self.agent = agent
        self.log = log

    def run(self, argv, timeout=60, check=True, stdin=b""):
        argv = [str(part) for part in argv]
        command = shlex.join(argv)
        start = time.monotonic()
        code, out, err = self.agent.execute(argv, timeout, stdin)
        done = Done(command, code, out.decode(errors="replace"),
                    err.decode(errors="replace"))
        self.log.write(f"$ {command}\n{done.out}{done.err}"
                       f"[exit code {code}, {time.monotonic() - start:.1f} s]\n")
        self.log.flush()
        if check and code != 0:
            raise CheckFailed(f"{command[:200]}: exit code {code}: "
                              f"{(done.err or done.out).strip()[-800:]}")
        return done

    def sh(self, script, **options):
        return self.run(["bash", "-c", script], **options)

    def read(self, path):
        """Of a text file, without white space at its end."""
        return self.agent.read_file(path).decode(errors="replace").rstrip()

    def write(self, path, text):
        """Like `echo text > path`, and so also for files of sysfs."""
        self.run(["bash", "-c", 'printf %s "$1" > "$2"', "write", text, path])

    def exists(self, path):
        return self.run(["test", "-e", path], check=False).code == 0

    def wait_until(self, script, seconds=300):
        """Until it succeeds."""
        deadline = time.monotonic() + seconds
        while self.sh(script, check=False).code != 0:
            if time.monotonic() > deadline:
                raise CheckFailed(f"after {seconds} s still not: {script}")
            time.sleep(0.5)

    def reboot(self, script, seconds=300):
        """Runs what ends this boot, and waits for the next one."""
        this = self.read(BOOT_ID)
        self.log.write(f"$ {script}\n[reboot]\n")
        self.agent.command("guest-exec", path="bash", arg=["-c", script])
        deadline = time.monotonic() + seconds
        while not self.is_up_again(this):
            if time.monotonic() > deadline:
                raise CheckFailed(f"no other boot within {seconds} s of: {script}")
            time.sleep(0.5)

    def is_up_again(self, last_boot):
        if not self.agent.sync(2):
            return False
        try:
            return self.read(BOOT_ID) != last_boot
        except LabError:
            return False  # the agent went in the middle of it

    def link(self, path):
        """The last part of a symbolic link's target, or None."""
        done = self.run(["readlink", path], check=False)
        return done.out.strip().rpartition("/")[2] if done.code == 0 else None

    def kernel_log(self):
        return self.run(["dmesg", "--notime"]).out.split("\n")

    def mark(self, text):
        """A line in the kernel log, to find one's own lines behind it."""
        self.write("/dev/kmsg", f"lab: {text}")

    def since(self, text):
        lines = self.kernel_log()
        places = [i for i, line in enumerate(lines) if line == f"lab: {text}"]
        if not places:
            raise CheckFailed(f"the kernel log has no 'lab: {text}' (any more)")
        return lines[places[-1] + 1:]


class SimulatedGpu:
    """One GPU, as the scenario describes it and as gpusim can be told to be."""

    def __init__(self, machine, host, described):
        self.machine = machine
        self.host = host
        self.described = described
        self.index = described.index
        self.address = described.address
        self.sysfs = f"/sys/bus/pci/devices/{described.address}"

    def control(self, command):
        return self.machine.control(self.index, command)

    def attribute(self, name):
        return self.host.read(f"{self.sysfs}/nvgpu/{name}")

    def peek(self, address):
        """8 bytes of physical memory: neither our driver nor VFIO is asked."""
        done = self.host.run(["busybox", "devmem", hex(address), "64"])
        return int(done.out, 16)

    def poke(self, address, value):
        self.host.run(["busybox", "devmem", hex(address), "64", hex(value)])

    def driver(self):
        return self.host.link(f"{self.sysfs}/driver")


class Lab:
    """A test's argument. Checks that fail are noted, and the test goes on."""

    def __init__(self, scenario, kernel, host, gpus, logs, program):
        self.scenario = scenario
        self.kernel = kernel
        self.host = host
        self.gpus = gpus
        self.logs = logs        # a folder that stays
        self.program = program  # nvgpuctl as built for this machine
        self.failures = []
        self.passed = 0
        self.loaded = False  # the driver was seen to be bound
        self.results = []    # rows that a benchmark measured
        self.power_on = None  # power_on(kernel): once more, after it went off

    def start_with(self, kernel):
        """Switches the machine off, and on with another kernel."""
        self.host.log.write(f"$ systemctl poweroff\n[next kernel: {kernel.version}]\n")
        self.host.agent.command("guest-exec", path="systemctl", arg=["poweroff"])
        self.power_on(kernel)
        self.kernel = kernel

    def section(self, text):
        print(f"  {text}", flush=True)
        self.host.mark(text)

    def check(self, what, good, seen=""):
        if good:
            self.passed += 1
            return True
        self.fail(f"{what}: {seen}" if seen != "" else what)
        return False

    def equal(self, what, seen, wanted):
        return self.check(what, seen == wanted, f"{seen!r}, wanted is {wanted!r}")

    def fail(self, text):
        self.failures.append(text)
        print(f"    FAILED {text}", flush=True)

    def quiet_kernel(self):
        """No oops and no warning since power-on."""
        lines = self.host.kernel_log()
        # The buffer is a ring.
        if not any(line.startswith("Linux version ") for line in lines[:20]):
            self.fail("the kernel log has lost its beginning: "
                      + "\n".join(lines[:3]))
            return
        for i, line in enumerate(lines):
            if ALARMING.search(line):
                self.fail("the kernel log has:\n      "
                          + "\n      ".join(lines[i:i + 12]))
                return
        self.passed += 1

    def no_leaks(self):
        """No memory that nobody points to any more, of VFIO or of our driver."""
        if not self.host.exists(KMEMLEAK):
            return
        # What was freed late is seen at the second scan.
        for _ in range(2):
            self.host.write(KMEMLEAK, "scan")
        leaks = re.split(r"\n(?=unreferenced)", self.host.read(KMEMLEAK))
        self.equal("leaks", [leak for leak in leaks
                             if re.search("nvg|vfio|iommufd", leak)], [])
