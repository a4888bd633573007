# SPDX-License-Identifier: GPL-2.0-or-later
"""A healthy GPU: bound, looked at, given to a guest, and given back."""

import json
import re
import time

import replay
from labhost import guest

GIB = 1 << 30
BLOCK = 512 << 20  # the driver's and the firmware's unit
VARIANT = "nvgrace_gpu_vfio_pci"
# A module that Debian did not sign; and newer kernels warn of every reset.
EXPECTED_WARNINGS = ("loading out-of-tree module taints kernel",
                     "module verification failed", ": resetting", ": reset done")


def power_of_two(number):
    return 1 << (number - 1).bit_length()


def regions(gpu, layout):
    """(usable, reserved, BAR4, BAR2): the mainline driver's arithmetic."""
    if layout == "single":
        return gpu.size, 0, None, power_of_two(gpu.size)
    if gpu.sim.get("mig_erratum_fixed"):
        return gpu.size, 0, power_of_two(gpu.size), None
    usable = (gpu.size - GIB) // BLOCK * BLOCK
    reserved = gpu.size - usable
    return usable, reserved, power_of_two(gpu.size - GIB), power_of_two(reserved)


def bind(lab, gpu):
    host = lab.host
    lab.equal("driver after power-on", gpu.driver(), None)
    seen = host.run(["nvgpuctl", "explain", "-o", "json", gpu.address],
                    check=False).json()["items"][0]
    lab.equal("state before", seen["state"], "ready")
    done = host.run(["nvgpuctl", "bind", gpu.address], check=False)
    lab.equal("exit code of bind", (done.code, done.err), (0, ""))
    lab.loaded |= lab.equal("driver", gpu.driver(), VARIANT)


def attributes(lab, gpu, ready="1"):
    if lab.scenario.driver == "kernel":
        lab.equal("nvgpu/ of the kernel's own driver",
                  lab.host.exists(f"{gpu.sysfs}/nvgpu"), False)
        return
    usable, reserved, _, _ = regions(gpu.described, lab.scenario.layout)
    for name, wanted in {
            "layout": lab.scenario.layout,
            "coherent_base": hex(gpu.described.base),
            "coherent_size": hex(gpu.described.size),
            "usable_size": hex(usable), "reserved_size": hex(reserved),
            "ready": ready, "fallback_reason": "none"}.items():
        lab.equal(f"nvgpu/{name}", gpu.attribute(name), wanted)


def expected_skips(lab, gpu, names):
    """Of the checks of validate those that this GPU, driver and kernel give nothing to."""
    usable, reserved, bar4, bar2 = regions(gpu.described, lab.scenario.layout)
    skips = {"dsd-egm", "vfio-types"}
    skips |= {"vfio-c2c-ready", "vfio-hbm-ready"} if gpu.described.sim.get("cxl") else {"vfio-cxl-ready"}
    if reserved:
        skips.add("vfio-other-bar")
        skips |= {"vfio-reserved-tail"} if reserved == bar2 else set()
    else:
        skips |= {name for name in names
                  if name == "layout-reserved" or name.startswith("vfio-reserved-")}
    if usable == (bar4 or bar2):
        skips.add("vfio-usable-tail")
    if lab.kernel.number() < (7, 0):
        skips.add("vfio-dma-buf")
    if lab.scenario.driver == "kernel":
        skips |= {name for name in names if name.startswith("vfio-driver-")}
    if not lab.host.exists("/dev/vfio/devices"):
        skips.add("vfio-same")
    return skips


def attest(lab, gpu):
    done = lab.host.run(["nvgpuctl", "validate", "-o", "json", gpu.address],
                        check=False, timeout=120)
    report = done.json()
    checks = {check["id"]: check for item in report["items"]
              for section in item["sections"] for check in section["checks"]}
    # What it is right to remark: the kernel's shortcoming, a layout for tests.
    remarks = set()
    if lab.kernel.number() < (6, 17):
        remarks.add("vfio-kvm")
    if lab.scenario.layout == "single":
        remarks.add("vfio-layout")
    if lab.scenario.driver == "kernel":
        remarks |= {"vfio-usable-mmap-private", "vfio-reserved-mmap-private"}
    lab.equal("remarks of validate", {name for name, check in checks.items()
                                      if check["verdict"] == "remark"}, remarks)
    bad = [check for check in checks.values()
           if check["verdict"] not in ("pass", "skipped", "remark")]
    lab.equal("what validate found", json.dumps(bad), "[]")
    lab.equal("exit code of validate", done.code, 0)
    skipped = [name for name, check in checks.items()
               if check["verdict"] == "skipped"]
    lab.equal("what validate skipped", set(skipped),
              expected_skips(lab, gpu, checks))
    written = lab.host.run(["nvgpuctl", "validate", "--write-test", "--force=write",
                            "-o", "json", gpu.address], check=False, timeout=120)
    lab.check("validate may write", written.code == 0, written.out + written.err)
    lab.equal("what became of writing", [
        check["verdict"] for item in written.json()["items"]
        for section in item["sections"] if section["name"] == "write"
        for check in section["checks"]],
        ["pass", "pass", "pass",
         "skipped" if "vfio-usable-tail" in skipped else "pass", "pass"])
    print(f"    {len(checks) - len(skipped)} checks of validate passed; skipped: "
          f"{', '.join(skipped)}")
    return checks


def give_to_guest(lab, gpu):
    """The host writes where the memory is; the guest reads through its BARs,
    and the other way round."""
    usable, reserved, bar4, bar2 = regions(gpu.described, lab.scenario.layout)
    memory = gpu.described.base
    last4, last2 = usable - 8, reserved - 8
    values = {memory: 0x0123456789abcdef, memory + last4: 0x1111222233334444,
              memory + usable: 0x5555666677778888,
              memory + usable + last2: 0x9999aaaabbbbcccc}
    for address, value in values.items():
        gpu.poke(address, value)
    seen = guest.run(lab.host, gpu.address, [
        "read4=0x0", f"read4={last4:#x}", f"read4={bar4 - 8:#x}", "read2=0x0",
        f"read2={last2:#x}", f"read2={bar2 - 8:#x}",
        "write4=0x2000:0x1122334455667788", "write2=0x3000:0x99aabbccddeeff00",
        # Behind the memory: dropped.
        f"write4={bar4 - 8:#x}:0"])
    ones = f"0x{(1 << 64) - 1:016X}"
    for name, wanted in {
            "initiators": f"1-{guest.NODES}",
            "device": hex(gpu.described.device_id),
            "bar4-size": str(bar4), "bar2-size": str(bar2),
            "read4@0x0": "0x0123456789ABCDEF",
            f"read4@{last4:#x}": "0x1111222233334444",
            f"read4@{bar4 - 8:#x}": ones,
            "read2@0x0": "0x5555666677778888",
            f"read2@{last2:#x}": "0x9999AAAABBBBCCCC",
            f"read2@{bar2 - 8:#x}": ones}.items():
        lab.equal(f"guest's {name}", seen.get(name), wanted)
    lab.equal("what the guest wrote to BAR4", hex(gpu.peek(memory + 0x2000)),
              "0x1122334455667788")
    lab.equal("what the guest wrote to BAR2",
              hex(gpu.peek(memory + usable + 0x3000)), "0x99aabbccddeeff00")
    lab.equal("the first word", hex(gpu.peek(memory)), "0x123456789abcdef")


def unbind(lab, gpu):
    host = lab.host
    done = host.run(["nvgpuctl", "unbind", gpu.address], check=False)
    lab.equal("exit code of unbind", (done.code, done.err), (0, ""))
    lab.equal("driver after unbind", gpu.driver(), None)
    lab.equal("driver_override after unbind",
              host.read(f"{gpu.sysfs}/driver_override"), "(null)")
    lab.equal("nvgpu/ after unbind", host.exists(f"{gpu.sysfs}/nvgpu"), False)


def unload(lab):
    lab.host.run(["rmmod", "nvgrace_gpu_vfio_pci"])
    lab.equal("module after rmmod",
              lab.host.exists("/sys/module/nvgrace_gpu_vfio_pci"), False)


def warnings(lab):
    done = lab.host.run(["dmesg", "--notime", "--level=emerg,alert,crit,err,warn"])
    bad = [line for line in done.out.split("\n")
           if re.search("vfio|iommu|smmu", line, re.IGNORECASE)
           and not any(expected in line for expected in EXPECTED_WARNINGS)]
    lab.equal("warnings of the driver, VFIO and the IOMMU", bad, [])


def run(lab):
    gpu = lab.gpus[0]
    started = time.monotonic()

    def section(text):
        lab.section(f"{text} ({time.monotonic() - started:.0f} s)")

    section("bind")
    bind(lab, gpu)
    section("sysfs attributes")
    # bind has proven the regions and closed the device, which resets it; nobody
    # has looked since.
    attributes(lab, gpu, ready="0")
    section("attestation")
    attest(lab, gpu)
    section("a report, read outside")
    archive = replay.same_outside(lab, "show --all", "explain", "topology")
    replay.validated_outside(lab, archive)
    if lab.scenario.layout == "split":
        section("guest")
        give_to_guest(lab, gpu)
        section("attributes afterwards")
        # QEMU has closed the device, which resets it once more.
        attributes(lab, gpu, ready="0")
    section("unbind")
    unbind(lab, gpu)
    section("bind and unbind once more")
    bind(lab, gpu)
    unbind(lab, gpu)
    section("unload")
    unload(lab)
    if lab.scenario.driver == "ours":
        warnings(lab)
