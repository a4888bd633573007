# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds a GPU is named, the GPU stays as it is, and can be changed once they
have gone."""

import shlex
import time

import driver
from labhost import guest

IN_USE = 4
POLICY = "/etc/nvgpuctl/policy.yaml"


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


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()
    for text, case in {"a process has the group open": process,
                       "a guest has the GPU": machine,
                       "driverctl wants another driver": driverctl,
                       "vfio-pci takes the id": vfio_ids}.items():
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")
        case(lab, gpu)
    lab.section("unload")
    driver.unload(lab)
