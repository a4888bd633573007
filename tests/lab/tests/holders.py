# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds a GPU is named, the GPU stays as it is, and can be changed once they
have gone."""

import shlex
import time

import driver
from labhost import guest

IN_USE = 4
POLICY = "/etc/nvgpuctl/policy.yaml"
# A service that has the GPU's VFIO device open for as long as it runs.
UNIT = """[Unit]
Description=Holds a GPU
[Service]
ExecStart=/bin/sh -c 'exec 3<>/dev/vfio/{group}; exec sleep infinity'
"""
KNOWN = "nvidia-persistenced.service"   # to --quiesce
NAMED = "lab-holder.service"            # to nobody but a policy


def refused(lab, gpu, words, *wanted):
    """Exit code, the sentence, and a GPU that is what it was."""
    before = (gpu.driver(), lab.host.read(f"{gpu.sysfs}/driver_override"))
    done = lab.host.run(["nvgpuctl", *words, gpu.address], check=False, timeout=60)
    lab.equal(f"exit code of {' '.join(words)}", done.code, IN_USE)
    said = " ".join(done.err.split())
    for text in wanted:
        lab.check(f"it says '{text}'", text in said, said)
    lab.equal("driver and override afterwards",
              (gpu.driver(), lab.host.read(f"{gpu.sysfs}/driver_override")), before)


def works(lab, gpu, *words):
    done = lab.host.run(["nvgpuctl", *words, gpu.address], check=False, timeout=120)
    lab.equal(f"exit code of {' '.join(words)}", (done.code, done.err), (0, ""))


def shown(lab, gpu):
    items = lab.host.run(["nvgpuctl", "show", "-o", "json", gpu.address]).json()["items"]
    return items[0]["holders"]


def process(lab, gpu):
    host = lab.host
    works(lab, gpu, "bind")
    group = host.link(f"{gpu.sysfs}/iommu_group")
    host.sh(f"exec 3<>/dev/vfio/{group}; sleep 600 <&3 >/dev/null 2>&1 & "
            "echo $! >/run/lab-holder")
    holder = host.read("/run/lab-holder")
    refused(lab, gpu, ["unbind"], f"sleep (pid {holder}", f"has /dev/vfio/{group} open",
            "in this order: 1. stop")
    lab.equal("show says", [(one["kind"], one["pid"]) for one in shown(lab, gpu)],
              [("process", int(holder))])
    host.run(["kill", holder])
    host.wait_until(f"! test -e /proc/{holder}")
    # Who changes drivers must not find the device open: whoever looks waits for them.
    host.sh("flock /run/nvgpuctl/lock sleep 600 >/dev/null 2>&1 & echo $! >/run/lab-holder")
    done = host.run(["nvgpuctl", "validate", gpu.address], check=False, timeout=60)
    lab.equal("validate beside a change", done.code, 8)
    host.sh("pkill -P $(cat /run/lab-holder); wait; true")
    works(lab, gpu, "validate")
    works(lab, gpu, "unbind")
    lab.equal("driver afterwards", gpu.driver(), None)


def machine(lab, gpu):
    host = lab.host
    works(lab, gpu, "bind")
    words = shlex.join([*guest.command(gpu.address, ["stay"]),
                        "-name", "guest=held,debug-threads=on"])
    host.sh(f"{words} >/run/lab-guest.log 2>&1 </dev/null & echo $! >/run/lab-guest.pid")
    pid = host.read("/run/lab-guest.pid")
    host.wait_until(f"ls -l /proc/{pid}/fd | grep -q /dev/vfio/")
    for force in ([], ["--force=in-use"]):
        refused(lab, gpu, ["unbind", *force], f"pid {pid}, domain held",
                "nothing takes a GPU from a running virtual machine")
    lab.equal("show says", [(one["kind"], one["domain"]) for one in shown(lab, gpu)],
              [("guest", "held")])
    lab.check("the guest lives", host.run(["kill", "-0", pid], check=False).code == 0, pid)
    host.run(["kill", pid])
    host.wait_until(f"! test -e /proc/{pid}")
    works(lab, gpu, "unbind")


def driverctl(lab, gpu):
    host = lab.host
    host.run(["mkdir", "-p", "/etc/driverctl.d", "/etc/nvgpuctl"])
    host.write(f"/etc/driverctl.d/{gpu.address}", "nvidia\n")
    refused(lab, gpu, ["bind"], "NVG-W090 driverctl", "driverctl sets it to nvidia")
    host.write(POLICY, "apiVersion: nvgpuctl/v1\nkind: Policy\n"
                       "other-managers: take\ngpus: []\n")
    works(lab, gpu, "bind")
    works(lab, gpu, "unbind")
    host.run(["rm", POLICY, f"/etc/driverctl.d/{gpu.address}"])


def vfio_ids(lab, gpu):
    host = lab.host
    host.write("/etc/modprobe.d/lab-ids.conf", "options vfio-pci ids=10de:2342\n")
    refused(lab, gpu, ["bind"], "NVG-W091 vfio-ids", "/etc/modprobe.d/lab-ids.conf:1")
    host.run(["rm", "/etc/modprobe.d/lab-ids.conf"])
    works(lab, gpu, "bind")
    works(lab, gpu, "unbind")


def give_to_vfio_pci(lab, gpu):
    host = lab.host
    host.run(["modprobe", "vfio-pci"])
    host.write(f"{gpu.sysfs}/driver_override", "vfio-pci")
    host.write("/sys/bus/pci/drivers_probe", gpu.address)
    lab.equal("driver before", gpu.driver(), "vfio-pci")


def take_from_vfio_pci(gpu):
    gpu.host.write(f"{gpu.sysfs}/driver/unbind", gpu.address)
    gpu.host.write(f"{gpu.sysfs}/driver_override", "\n")
    gpu.host.run(["rmmod", "vfio-pci"])


def has_it(lab, gpu, unit):
    """The unit runs, and its process is a holder."""
    lab.host.wait_until(
        f"ls -l /proc/$(systemctl show -P MainPID {unit})/fd | grep -q /dev/vfio/", 20)
    lab.equal(f"{unit} has the GPU",
              [one["unit"] for one in shown(lab, gpu)], [unit])


def start(lab, gpu, unit):
    host = lab.host
    group = host.link(f"{gpu.sysfs}/iommu_group")
    host.run(["mkdir", "-p", "/run/systemd/system"])
    host.write(f"/run/systemd/system/{unit}", UNIT.format(group=group))
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "start", unit])
    has_it(lab, gpu, unit)


def is_active(lab, unit):
    return lab.host.run(["systemctl", "is-active", unit], check=False).out.strip()


def end(lab, unit):
    lab.host.run(["systemctl", "stop", unit])
    lab.host.run(["rm", f"/run/systemd/system/{unit}"])
    lab.host.run(["systemctl", "daemon-reload"])


def is_bound(lab, gpu, unit):
    lab.equal("driver", gpu.driver(), driver.VARIANT)
    lab.equal(f"state of {unit}", is_active(lab, unit), "inactive")
    lab.equal("nobody has it", shown(lab, gpu), [])


def is_back(lab, gpu, unit):
    lab.equal("driver", gpu.driver(), "vfio-pci")
    lab.equal("override", lab.host.read(f"{gpu.sysfs}/driver_override"), "vfio-pci")
    has_it(lab, gpu, unit)


def quiesced(lab, gpu):
    """A service that is known gives way to a bind and comes back after it."""
    give_to_vfio_pci(lab, gpu)
    start(lab, gpu, KNOWN)
    refused(lab, gpu, ["bind"], KNOWN, f"systemctl stop {KNOWN}", "bind --quiesce does it")
    lab.equal(f"state of {KNOWN}", is_active(lab, KNOWN), "active")
    works(lab, gpu, "bind", "--quiesce")
    is_bound(lab, gpu, KNOWN)
    works(lab, gpu, "unbind")
    is_back(lab, gpu, KNOWN)
    end(lab, KNOWN)
    take_from_vfio_pci(gpu)


def write_policy(lab, keys):
    lab.host.run(["mkdir", "-p", "/etc/nvgpuctl"])
    lab.host.write(POLICY, "apiVersion: nvgpuctl/v1\nkind: Policy\n"
                           f"gpus:\n  - match: all\n{keys}")


def by_policy(lab, gpu):
    """Any other service does where the policy names it."""
    host = lab.host
    give_to_vfio_pci(lab, gpu)
    start(lab, gpu, NAMED)
    write_policy(lab, "    driver: variant\n")
    refused(lab, gpu, ["bind", "--quiesce"], f"nothing lets {NAMED} be stopped")
    refused(lab, gpu, ["apply"], f"in this order: 1. stop {NAMED}")
    quiesce = f"    quiesce: [{NAMED}]\n"
    write_policy(lab, f"    driver: variant\n{quiesce}")
    diff = host.run(["nvgpuctl", "diff"], check=False)
    lab.equal("exit code of diff", diff.code, 3)
    lab.check("it says who would be stopped", f"apply stops {NAMED}" in diff.out, diff.out)
    works(lab, gpu, "apply")
    is_bound(lab, gpu, NAMED)
    exported = host.run(["nvgpuctl", "export"]).out
    lab.check("it is exported", f'quiesce: ["{NAMED}"]' in exported, exported)
    write_policy(lab, f"    driver: origin\n{quiesce}")
    works(lab, gpu, "apply")
    is_back(lab, gpu, NAMED)
    works(lab, gpu, "bind", "--quiesce")
    is_bound(lab, gpu, NAMED)
    works(lab, gpu, "unbind")
    is_back(lab, gpu, NAMED)
    host.run(["rm", POLICY])
    end(lab, NAMED)
    take_from_vfio_pci(gpu)


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()
    for text, case in {"a service gives way": quiesced,
                       "a service that the policy names does": by_policy,
                       "a process has the group open": process,
                       "a guest has the GPU": machine,
                       "driverctl wants another driver": driverctl,
                       "vfio-pci takes the id": vfio_ids}.items():
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")
        case(lab, gpu)
    lab.section("unload")
    driver.unload(lab)
