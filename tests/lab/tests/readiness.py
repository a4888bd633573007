# SPDX-License-Identifier: GPL-2.0-or-later
"""GPUs whose memory is late, never comes, or that are gone."""

import re

import driver
from firmware import VARIANT, bind_by_hand

TIMEOUT_MS = 30000


def try_to_bind(lab, gpu, before="true"):
    """Lines of the kernel log about it. `before` comes right before it."""
    lab.host.mark(f"bind {gpu.address}")
    lab.host.write(f"{gpu.sysfs}/driver_override", VARIANT)
    lab.host.sh(f"{before}; echo {gpu.address} >/sys/bus/pci/drivers_probe",
                check=False, timeout=400)
    return "\n".join(line for line in lab.host.since(f"bind {gpu.address}")
                     if gpu.address in line)


def release(lab, gpu):
    if gpu.driver():
        lab.host.write(f"{gpu.sysfs}/driver/unbind", gpu.address)
    lab.host.write(f"{gpu.sysfs}/driver_override", "\n")


def never_ready(lab, gpu, registers, said):
    gpu.control(f"ready {registers}")
    log = try_to_bind(lab, gpu)
    lab.check("the driver tells what it waits for",
              f"waiting up to {TIMEOUT_MS} ms" in log and said in log, log)
    waited = re.search(r"not ready after (\d+) ms", log)
    lab.check("it waits for 30 s",
              waited and TIMEOUT_MS <= int(waited[1]) < TIMEOUT_MS + 5000, log)
    lab.equal("driver", gpu.driver(), None)
    release(lab, gpu)
    gpu.control("ready c2c=0xff hbm=0xff")


def slow(lab, gpu, wait):
    """The time counts from a reset. With CXL the driver waits 5 s in all."""
    gpu.control("ready after_ms=3500")
    log = try_to_bind(lab, gpu, f"echo 1 >{gpu.sysfs}/reset")
    lab.check("the driver waits", wait in log, log)
    lab.check("and says how long", re.search(r"memory ready after \d+ ms", log), log)
    lab.equal("driver", gpu.driver(), VARIANT)
    lab.equal("nvgpu/ready", gpu.attribute("ready"), "1")
    release(lab, gpu)
    gpu.control("ready after_ms=0")


def lost_after_bind(lab, gpu):
    """The link does not come up again after a reset of a bound GPU."""
    bind_by_hand(lab, gpu)
    lab.equal("nvgpu/ready", gpu.attribute("ready"), "1")
    gpu.control("ready c2c=0x0")
    lab.host.write(f"{gpu.sysfs}/reset", "1")
    lab.equal("nvgpu/ready after a reset", gpu.attribute("ready"), "0")
    done = lab.host.run(["nvgpuctl", "validate", "-o", "json", gpu.address],
                        check=False, timeout=300)
    lab.equal("exit code of validate", done.code, 3)
    bad = {check["id"]: check.get("reason") for item in done.json()["items"]
           for section in item["sections"] for check in section["checks"]
           if check["verdict"] == "fail"}
    lab.equal("reason of vfio-c2c-ready", bad.get("vfio-c2c-ready"), "NVG-E012")
    gpu.control("ready c2c=0xff")
    release(lab, gpu)


def touched(lab, gpu, after="open"):
    """What four threads see that touch the memory right after a reset."""
    lab.host.mark(f"touch {gpu.address}")
    accesses = lab.host.run(["exerciser", "wait", "--device", gpu.address,
                             "--threads", "4", "--after", after], timeout=300).json()
    lab.equal("accesses", [access["by"] for access in accesses],
              ["mapping", "file", "mapping", "file"])
    return accesses


def wait_in_access(lab, gpu):
    """A fault, a read() and others beside them, of memory that comes late."""
    bind_by_hand(lab, gpu)
    gpu.control("ready after_ms=3500")
    accesses = touched(lab, gpu)
    lab.equal("what came of them", {access["result"] for access in accesses},
              {"done", "1"})
    lab.check("they waited", all(1 < access["seconds"] < 20 for access in accesses),
              accesses)


def wait_with_a_mapping(lab, gpu, after):
    """Mapped and touched before. Before 6.10 mappings stay, and only read() waits."""
    accesses = touched(lab, gpu, after)
    waiting = [access for access in accesses
               if access["by"] == "file" or lab.kernel.number() >= (6, 10)]
    lab.equal("what came of them", {access["result"] for access in waiting},
              {"done", "1"})
    lab.check("they waited", all(1 < access["seconds"] < 20 for access in waiting),
              accesses)


def wait_in_vain(lab, gpu):
    """However many wait, it takes the time once."""
    gpu.control("ready c2c=0x0")
    accesses = touched(lab, gpu)
    lab.equal("what came of them", [access["result"] for access in accesses],
              ["SIGBUS", "ETIME", "SIGBUS", "ETIME"])
    lab.check("all gave up after 30 s",
              all(29 < access["seconds"] < 45 for access in accesses), accesses)
    log = "\n".join(lab.host.since(f"touch {gpu.address}"))
    lab.equal("and were told so once", log.count("memory not ready after"), 1)


def killed_waiting(lab, gpu):
    lab.host.mark(f"kill {gpu.address}")
    lab.host.sh(f"exerciser wait --device {gpu.address} --threads 4 "
                ">/dev/null 2>&1 & echo $! >/run/lab-wait")
    lab.host.wait_until("dmesg --notime | tac | sed '/lab: kill/q' | "
                        "grep -q 'waiting up to'", 20)
    lab.host.sh("kill -9 $(cat /run/lab-wait)")
    lab.host.wait_until("! kill -0 $(cat /run/lab-wait) 2>/dev/null", 10)
    log = "\n".join(lab.host.since(f"kill {gpu.address}"))
    lab.check("the driver says that the wait was killed",
              "wait for memory was killed" in log, log)
    gpu.control("ready c2c=0xff")
    release(lab, gpu)


def dead(lab, gpu):
    gpu.control("config dead")
    names = [reason["name"] for reason in lab.host.run(
        ["nvgpuctl", "explain", "-o", "json", gpu.address],
        check=False).json()["items"][0]["findings"]]
    lab.check("explain calls it fallen off the bus", "fallen-off-the-bus" in names,
              names)
    log = try_to_bind(lab, gpu)
    lab.equal("driver", gpu.driver(), None)
    lab.check("the driver says so, too, and does not wait",
              ": fallen-off-the-bus: " in log and "waiting" not in log, log)
    release(lab, gpu)
    gpu.control("config ok")


def run(lab):
    plain, cxl = lab.gpus
    lab.host.run(["modprobe", "nvgrace-gpu-vfio-pci"])
    lab.section("memory that is trained late")
    slow(lab, plain, "C2C link status is 0x0, HBM training status is 0x0")
    lab.section("memory that is active late, by CXL")
    slow(lab, cxl, "CXL range 1 size register")
    lab.section("a link that never comes up")
    never_ready(lab, plain, "c2c=0x0", "C2C link status is 0x0, HBM training "
                                       "status is 0xff")
    lab.section("memory that is never trained")
    never_ready(lab, plain, "hbm=0x3", "C2C link status is 0xff, HBM training "
                                       "status is 0x3")
    lab.section("a link that is lost with a reset")
    lost_after_bind(lab, plain)
    lab.section("memory that is late for a user")
    wait_in_access(lab, plain)
    for after in ("reset", "d3hot", "low-power"):
        lab.section(f"memory that is late after {after}, and was mapped before")
        wait_with_a_mapping(lab, plain, after)
    plain.control("ready after_ms=0")
    lab.section("memory that never comes, for a user")
    wait_in_vain(lab, plain)
    lab.section("a user that is killed while it waits")
    killed_waiting(lab, plain)
    lab.section("a GPU that does not answer")
    dead(lab, plain)
    driver.unload(lab)
