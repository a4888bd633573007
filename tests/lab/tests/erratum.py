# SPDX-License-Identifier: GPL-2.0-or-later
"""The MIG erratum: with it memory has a reserved part, without it has none."""

import driver

GIB = 1 << 30


def run(lab):
    healthy, wrong, silent = lab.gpus
    lab.section("a GB200 without the erratum")
    driver.bind(lab, healthy)
    driver.attributes(lab, healthy)
    driver.attest(lab, healthy)

    lab.section("a GH200 that says it has none")
    driver.bind(lab, wrong)
    driver.attributes(lab, wrong)
    done = lab.host.run(["nvgpuctl", "validate", "-o", "json", wrong.address],
                        check=False)
    lab.equal("exit code of validate", done.code, 3)
    bad = [check["id"] for item in done.json()["items"]
           for section in item["sections"] for check in section["checks"]
           if check["verdict"] == "fail"]
    lab.equal("what validate finds wrong", bad, ["pci-dvsec"])

    lab.section("a GH200 that says nothing")
    driver.bind(lab, silent)
    driver.attributes(lab, silent)
    driver.attest(lab, silent)

    lab.section("unbind")
    for gpu in lab.gpus:
        driver.unbind(lab, gpu)
    driver.unload(lab)
