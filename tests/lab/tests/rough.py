# SPDX-License-Identifier: GPL-2.0-or-later
"""The exerciser (tests/lab/exerciser): operations at random against a model.

NVGPUCTL_LAB_OPERATIONS and NVGPUCTL_LAB_SEED say how many and which.
"""

import os

import driver

OPERATIONS = int(os.environ.get("NVGPUCTL_LAB_OPERATIONS", "50000"))
SEED = int(os.environ.get("NVGPUCTL_LAB_SEED", "1"))
# What page tables, slabs and stacks may differ by on a host that does nothing; and where
# the test itself keeps nothing either.
NOISE_KIB = 8192
QUIET_NOISE_KIB = 1024
# Of the one system call for which the driver allocates. 16 bytes each would show.
REGION_INFOS = 100000


def run(lab):
    gpu = lab.gpus[0]
    lab.section("bind")
    driver.bind(lab, gpu)
    lab.section(f"{OPERATIONS} operations, seed {SEED}")
    done = lab.host.run(
        ["exerciser", "--device", gpu.address, "--operations", OPERATIONS, "--seed",
         SEED, "--unbinds", max(1, OPERATIONS // 25000)],
        check=False, timeout=600 + OPERATIONS // 20)
    print("    " + done.out.strip())
    lab.check("the driver does as its model", done.code == 0,
              f"exit code {done.code}: {done.err[-2000:]}")
    if done.code == 0:
        memory = done.json()["kernel_memory_kib"]
        lab.check("the kernel keeps no memory",
                  memory["after"] - memory["before"] < NOISE_KIB, memory)
        # What the driver needs is new in 7.0, and Debian's kernels have it switched on.
        lab.equal("dma-bufs are made, from 7.0 on", done.json()["dma_bufs"] > 0,
                  lab.kernel.number() >= (7, 0))
    lab.section(f"{REGION_INFOS} times what a region is")
    done = lab.host.run(["exerciser", "--device", gpu.address, "--operations", REGION_INFOS,
                         "--seed", SEED, "--only", "region-info"], timeout=600).json()
    memory = done["kernel_memory_kib"]
    lab.equal("only region info was asked for", done["kinds"]["region-info"], REGION_INFOS)
    lab.check("the kernel keeps no memory of them",
              memory["after"] - memory["before"] < QUIET_NOISE_KIB, memory)
    lab.section("unbind")
    driver.unbind(lab, gpu)
    driver.unload(lab)
