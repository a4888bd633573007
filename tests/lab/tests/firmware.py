# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware that is wrong: the driver says why, and nvgpuctl says the same."""

import re

VARIANT = "nvgrace_gpu_vfio_pci"

# By the GPU's index: what becomes of a bind, and the reason's name.
PLAIN, REFUSED = "plain", "refused"
WANTED = [
    (PLAIN, "no-dsd"), (PLAIN, "c2c-down"), (PLAIN, "c2c-down"),
    (PLAIN, "dsd-malformed"), (REFUSED, "size-too-small"),
    (REFUSED, "range-invalid"), (REFUSED, "range-invalid"),
    (REFUSED, "range-overlap"), (REFUSED, "range-overlap"),
    (REFUSED, "range-overlap"), (REFUSED, "range-invalid"),
]


def reason_of_driver(lab, gpu):
    """From the line in the kernel log that begins with it, or has it behind
    the words about plain VFIO."""
    lines = [line for line in lab.host.since(f"bind {gpu.address}")
             if gpu.address in line]
    for line in lines:
        found = re.search(r": ([a-z0-9]+(?:-[a-z0-9]+)+)(?::| \()", line)
        if found:
            return found[1]
    return f"no reason in {lines}"


def reasons_of_program(lab, gpu):
    report = lab.host.run(["nvgpuctl", "explain", "-o", "json", gpu.address],
                          check=False).json()
    item = report["items"][0]
    return item["state"], [finding["name"] for finding in item["findings"]]


def bind_by_hand(lab, gpu):
    """nvgpuctl would refuse; this is what else an operator could do."""
    lab.host.mark(f"bind {gpu.address}")
    lab.host.write(f"{gpu.sysfs}/driver_override", VARIANT)
    lab.host.run(["bash", "-c", f"echo {gpu.address} >/sys/bus/pci/drivers_probe"],
                 check=False)


def good_one(lab, gpu):
    """The faults of its neighbours are theirs."""
    lab.section(f"GPU {gpu.index}: good")
    done = lab.host.run(["nvgpuctl", "bind", gpu.address], check=False)
    lab.equal("exit code of bind", (done.code, done.err), (0, ""))
    lab.equal("driver", gpu.driver(), VARIANT)
    lab.equal("nvgpu/layout", gpu.attribute("layout"), "split")
    report = lab.host.run(["nvgpuctl", "validate", gpu.address], check=False,
                          timeout=120)
    lab.check("validate names no other GPU", report.code == 0, report.out)


def run(lab):
    lab.host.run(["modprobe", "nvgrace-gpu-vfio-pci"])
    *bad, good = lab.gpus
    for gpu, (wanted, name) in zip(bad, WANTED, strict=True):
        lab.section(f"GPU {gpu.index}: {wanted}, {name}")
        refusal = lab.host.run(["nvgpuctl", "bind", gpu.address], check=False)
        lab.equal("exit code of bind", refusal.code, 5)
        lab.check("bind names the reason", f" {name}" in refusal.err, refusal.err)
        bind_by_hand(lab, gpu)
        lab.equal("the driver's reason", reason_of_driver(lab, gpu), name)
        state, names = reasons_of_program(lab, gpu)
        lab.check("explain names the reason", name in names, names)
        if wanted == REFUSED:
            lab.equal("driver", gpu.driver(), None)
            lab.equal("state", state, "blocked")
            continue
        lab.equal("driver", gpu.driver(), VARIANT)
        lab.equal("state", state, "degraded")
        for attribute, value in {
                "layout": "plain", "fallback_reason": name, "coherent_size": "0x0",
                "coherent_base": "0x0", "usable_size": "0x0",
                "reserved_size": "0x0", "ready": "0"}.items():
            lab.equal(f"nvgpu/{attribute}", gpu.attribute(attribute), value)
        report = lab.host.run(["nvgpuctl", "validate", "-o", "json", gpu.address],
                              check=False)
        lab.check("validate is not content", report.code in (3, 9), report.code)
        lab.check("validate names the reason",
                  name in str(report.json()), report.out[:300])
    good_one(lab, good)
    lab.section("unload")
    for gpu in lab.gpus:
        if gpu.driver():
            lab.host.write(f"{gpu.sysfs}/driver/unbind", gpu.address)
    lab.host.run(["rmmod", "nvgrace_gpu_vfio_pci"])
