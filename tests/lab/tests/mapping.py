# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to map usable memory: faults, seconds, and speed of read().

Only faults are judged: they are the same at every run. `./dev bench lab` prints
the rest beside each other.
"""

import statistics

import driver

# (what it is called, alignment, bytes behind that)
PLACES = [("aligned to 1 GiB", "1G", None), ("aligned to 2 MiB", "2M", None),
          ("4 KiB off", "2M", "4K")]
ROUNDS = 3
# One 2 MiB piece each: what kernels without PUD mappings can do at best.
FAULTS_PER_GIB = 512
PAGES_PER_GIB = 1 << 18


def touch(lab, gpu, alignment, skew):
    command = ["exerciser", "touch", "--device", gpu.address, "--alignment",
               alignment]
    if skew:
        command += ["--skew", skew]
    return lab.host.run(command, timeout=300).json()


def row(name, rounds):
    def middle(key):
        return statistics.median(result[key] for result in rounds)

    return {"mapping": name, "faults_per_gib": middle("faults_per_gib"),
            "touch_seconds": middle("touch_seconds"),
            "read_share": statistics.median(
                result["read_bytes_per_second"] / result["memcpy_bytes_per_second"]
                for result in rounds)}


def run(lab):
    gpu = lab.gpus[0]
    driver.bind(lab, gpu)
    lab.section("touch")
    # In turns, so that whatever else the machine does meets all of them.
    measured = {name: [] for name, _, _ in PLACES}
    for _ in range(ROUNDS):
        for name, alignment, skew in PLACES:
            measured[name].append(touch(lab, gpu, alignment, skew))
    lab.results = [row(name, rounds) for name, rounds in measured.items()]
    for result in lab.results:
        print(f"    {result}", flush=True)
        aligned = result["mapping"] != "4 KiB off"
        lab.check(f"faults a GiB, {result['mapping']}",
                  0 < result["faults_per_gib"]
                  <= (FAULTS_PER_GIB if aligned else PAGES_PER_GIB), result)
    driver.unbind(lab, gpu)
    driver.unload(lab)
