# SPDX-License-Identifier: GPL-2.0-or-later
"""The MIG erratum: with it memory has a reserved part, without it has none."""

import driver
from firmware import bind_by_hand


def dislikes(lab, gpu):
    """Ids of the checks of validate that are not content, but for those about
    nodes: 16 do not suffice for three GPUs."""
    done = lab.host.run(["nvgpuctl", "validate", "-o", "json", gpu.address],
                        check=False, timeout=120)
    sections = done.json()["items"][0]["sections"]
    return [check["id"] for section in sections if section["name"] != "numa"
            for check in section["checks"]
            if check["verdict"] not in ("pass", "skipped")
            and check["id"] != "vfio-kvm"]


def run(lab):
    healthy, wrong, silent = lab.gpus
    lab.section("a GB200 without the erratum")
    driver.bind(lab, healthy)
    driver.attributes(lab, healthy, ready="0")
    driver.attest(lab, healthy)

    for gpu, text, disliked in (
            (wrong, "that says it has none", ["pci-dvsec"]),
            (silent, "that says nothing", [])):
        lab.section(f"a GH200 {text}")
        bind_by_hand(lab, gpu)
        driver.attributes(lab, gpu)
        lab.equal("what validate finds wrong", dislikes(lab, gpu), disliked)

    lab.section("unbind")
    for gpu in lab.gpus:
        driver.unbind(lab, gpu)
    driver.unload(lab)
