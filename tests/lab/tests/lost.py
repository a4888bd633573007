# SPDX-License-Identifier: GPL-2.0-or-later
"""GPUs that are lost: memory of CXL that never comes, a link that goes down, a
GPU that is pulled out. The driver and nvgpuctl say the same, and nothing hangs."""

import driver
from firmware import VARIANT, bind_by_hand, reasons_of_program
from labhost import guest
from readiness import release, try_to_bind

CXL_TIMEOUT_MS = 5000


def never_active(lab, gpu):
    gpu.control("ready after_ms=never")
    log = try_to_bind(lab, gpu)
    lab.check("the driver tells what it waits for",
              f"waiting up to {CXL_TIMEOUT_MS} ms for memory: CXL range 1 size "
              "register" in log, log)
    lab.check("it gives up after as long as the register says",
              "memory not ready after 5" in log, log)
    lab.equal("driver", gpu.driver(), None)
    release(lab, gpu)
    refusal = lab.host.run(["nvgpuctl", "bind", gpu.address], check=False,
                           timeout=120)
    lab.check("bind fails and takes everything back", refusal.code == 6,
              (refusal.code, refusal.err))
    lab.equal("driver after bind", gpu.driver(), None)
    gpu.control("ready after_ms=0")


def look_for_it(lab, gpu, guest_has_it=False):
    """What everybody says of a GPU that does not answer."""
    state, names = reasons_of_program(lab, gpu)
    lab.equal("state", state, "blocked")
    lab.check("explain calls it fallen off the bus", "fallen-off-the-bus" in names,
              names)
    done = lab.host.run(["nvgpuctl", "validate", gpu.address], check=False,
                        timeout=300)
    lab.equal("exit code of validate", done.code, 4 if guest_has_it else 3)


def link_down(lab, gpu):
    """Bound, and nobody has it open."""
    bind_by_hand(lab, gpu)
    lab.equal("driver", gpu.driver(), VARIANT)
    gpu.control("link down")
    look_for_it(lab, gpu)
    release(lab, gpu)
    lab.equal("driver after unbind", gpu.driver(), None)
    log = try_to_bind(lab, gpu)
    lab.check("the driver says so, too, and does not wait",
              ": fallen-off-the-bus: " in log and "waiting" not in log, log)
    release(lab, gpu)
    gpu.control("link up")
    rescan(lab, gpu)
    bind_by_hand(lab, gpu)
    lab.equal("driver after the rescan", gpu.driver(), VARIANT)
    lab.equal("nvgpu/ready", gpu.attribute("ready"), "1")
    release(lab, gpu)


def rescan(lab, gpu):
    """Linux learns of it only so."""
    lab.host.write(f"{gpu.sysfs}/remove", "1")
    lab.host.write("/sys/bus/pci/rescan", "1")
    lab.equal("the GPU after a rescan", lab.host.exists(gpu.sysfs), True)


def pulled_out(lab, gpu):
    """Under a guest that uses it. Linux asks QEMU for it, and QEMU the guest."""
    host = lab.host
    driver.bind(lab, gpu)
    arguments = guest.command(gpu.address, ["stay"])
    host.run(["bash", "-c", '"$@" >/run/lab-guest.log 2>&1 & echo $! >/run/lab-guest',
              "guest", *arguments])
    lab.host.wait_until("grep -q 'guest: up' /run/lab-guest.log")
    gpu.control("remove")
    look_for_it(lab, gpu, guest_has_it=True)
    host.run(["sh", "-c", f"echo 1 >{gpu.sysfs}/remove"], timeout=200)
    lab.equal("the function after its removal", host.exists(gpu.sysfs), False)
    host.sh("kill $(cat /run/lab-guest)")
    host.wait_until("! kill -0 $(cat /run/lab-guest)")
    listed = host.run(["nvgpuctl", "list", "-o", "json"]).json()["items"]
    lab.equal("what list has", [item["address"] for item in listed],
              [lab.gpus[0].address])
    gone = host.run(["nvgpuctl", "explain", gpu.address], check=False)
    lab.equal("exit code of explain", gone.code, 10)


def run(lab):
    plain, cxl = lab.gpus
    lab.host.run(["modprobe", "nvgrace-gpu-vfio-pci"])
    lab.section("memory of CXL that never becomes active")
    never_active(lab, cxl)
    lab.section("a link that goes down")
    link_down(lab, plain)
    lab.section("a GPU that is pulled out under a guest")
    pulled_out(lab, cxl)
    driver.unload(lab)
