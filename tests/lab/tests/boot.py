# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy over real boots: the udev rule alone, and with the units; with a driver
that is quicker, with `at-boot: leave`, and after a power loss."""

import driver
from driver import VARIANT

POLICY = "/etc/nvgpuctl/policy.yaml"
JOURNAL = "/var/lib/nvgpuctl/journal"
UNITS = ("nvgpuctl-recover.service", "nvgpuctl-apply.service")
# Before udev looks at any device, as from an initramfs.
QUICKER = """[Unit]
DefaultDependencies=no
Before=systemd-udevd.service systemd-udev-trigger.service
[Service]
Type=oneshot
ExecStart=/usr/sbin/modprobe vfio-pci ids=10de:2342
[Install]
WantedBy=sysinit.target
"""


def write_policy(lab, more=""):
    lab.host.write(POLICY, "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
                           f"  - match: {{address: '{lab.gpus[0].address}'}}\n"
                           f"    driver: variant\n{more}")


def reboot(lab, script="systemctl reboot"):
    """Into a system on which every unit and every rule of the boot is through."""
    lab.quiet_kernel()
    lab.host.reboot(script)
    settle(lab)


def settle(lab):
    # udev has a hundred devices to look at; nothing waits for it.
    lab.host.run(["udevadm", "settle", "--timeout=240"], timeout=300)
    lab.host.run(["systemctl", "is-system-running", "--wait"], check=False, timeout=300)


def show(lab, unit, name):
    return lab.host.run(["systemctl", "show", "-P", name, unit]).out.strip()


def units_are_well(lab):
    for unit in UNITS:
        lab.equal(f"result of {unit}", show(lab, unit, "Result"), "success")
    # Which is also what a unit says that never ran; there may be nothing to recover.
    started = show(lab, UNITS[1], "ExecMainStartTimestampMonotonic")
    lab.check(f"{UNITS[1]} ran", started.isdigit() and int(started) > 0, started)


def exit_code(lab, *words):
    return lab.host.run(["nvgpuctl", *words], check=False, timeout=120).code


def has_its_driver(lab, gpu):
    units_are_well(lab)
    lab.equal("driver", gpu.driver(), VARIANT)
    lab.equal("exit code of assert", exit_code(lab, "assert"), 0)
    lab.equal("exit code of validate", exit_code(lab, "validate", gpu.address), 0)


def kept(lab, gpu):
    """What the rule does without the unit that it wants."""
    host = lab.host
    unit = f"nvgpuctl-apply@{gpu.address}.service"
    host.run(["mkdir", "-p", "/etc/nvgpuctl"])
    write_policy(lab)
    host.run(["systemctl", "mask", unit])
    reboot(lab)
    lab.equal("override", host.read(f"{gpu.sysfs}/driver_override"), VARIANT)
    lab.equal("driver", gpu.driver(), None)
    wanted = host.run(["udevadm", "info", gpu.sysfs]).out
    lab.check("the rule wants the unit", f"SYSTEMD_WANTS={unit}" in wanted, wanted)
    # udev has tagged the other one by now, and this one not yet.
    host.write(f"{gpu.sysfs}/remove", "1\n")
    host.write("/sys/bus/pci/rescan", "1\n")
    settle(lab)
    lab.equal("override after a rescan", host.read(f"{gpu.sysfs}/driver_override"), VARIANT)
    other = lab.gpus[1]
    lab.equal("override of the other", host.read(f"{other.sysfs}/driver_override"), "(null)")
    host.run(["systemctl", "unmask", unit])


def alone(lab, gpu):
    lab.host.run(["systemctl", "enable", *UNITS])
    lab.equal("exit code of diff before", exit_code(lab, "diff"), 3)
    reboot(lab)
    has_its_driver(lab, gpu)
    lab.equal("override", lab.host.read(f"{gpu.sysfs}/driver_override"), VARIANT)
    said = lab.host.run(["journalctl", "-b", "-o", "cat", "-u", UNITS[1]]).out
    lab.check("apply was started", "validate it through VFIO" in said, said)


def quicker(lab, gpu):
    lab.host.write("/etc/systemd/system/lab-quicker.service", QUICKER)
    lab.host.run(["systemctl", "enable", "lab-quicker.service"])
    reboot(lab)
    log = "\n".join(lab.host.kernel_log())
    lab.check("vfio-pci had its id first", "vfio_pci: add [10de:2342" in log, log[-2000:])
    has_its_driver(lab, gpu)


def left_alone(lab, gpu):
    write_policy(lab, "    at-boot: leave\n")
    reboot(lab)
    units_are_well(lab)
    lab.equal("driver", gpu.driver(), "vfio-pci")
    lab.equal("exit code of assert", exit_code(lab, "assert"), 3)
    lab.equal("exit code of apply", exit_code(lab, "apply"), 0)
    has_its_driver(lab, gpu)


def power_loss(lab, gpu):
    """In the middle of a bind, which waits for memory that does not come."""
    host = lab.host
    host.run(["systemctl", "disable", "lab-quicker.service"])
    lab.equal("exit code of unbind", exit_code(lab, "unbind", gpu.address), 0)
    lab.equal("driver", gpu.driver(), "vfio-pci")
    gpu.control("ready c2c=0x0")
    host.sh(f"nvgpuctl bind {gpu.address} >/dev/null 2>&1 </dev/null &")
    host.wait_until(f"test -s {JOURNAL}")
    # The lab's disk has no journal of its own: what others write must be on it.
    reboot(lab, f"sync && test -s {JOURNAL} && echo b >/proc/sysrq-trigger")
    gpu.control("ready c2c=0xff hbm=0xff")
    lab.equal("the journal", host.exists(JOURNAL), False)
    said = host.run(["journalctl", "-b", "-o", "cat", "-u", UNITS[0]]).out
    lab.check("recover says what it found", gpu.address in said, said)
    lab.equal("exit code of apply", exit_code(lab, "apply"), 0)
    lab.equal("driver", gpu.driver(), VARIANT)
    lab.equal("exit code of assert", exit_code(lab, "assert"), 0)


def run(lab):
    gpu = lab.gpus[0]
    for text, case in {"the rule alone": kept,
                       "nobody else wants the GPU": alone,
                       "vfio-pci is quicker than udev": quicker,
                       "a rule that leaves the boot alone": left_alone,
                       "the power goes in the middle of a bind": power_loss}.items():
        lab.section(text)
        case(lab, gpu)
    lab.section("unload")
    lab.equal("exit code of unbind", exit_code(lab, "unbind", gpu.address), 0)
    driver.unload(lab)
