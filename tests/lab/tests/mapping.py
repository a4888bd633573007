# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to map usable memory: faults, seconds, and speed of read().

Only faults are judged: they are the same at every run. `./dev bench lab` prints
the rest beside each other.
"""

import statistics

import driver

# One 2 MiB piece each: what kernels without PUD mappings can do at best.
PIECES_PER_GIB = 512
PAGES_PER_GIB = 1 << 18
# (what it is called, alignment, bytes behind that, most faults a GiB)
PLACES = [("aligned to 1 GiB", "1G", None, PIECES_PER_GIB),
          ("aligned to 2 MiB", "2M", None, PIECES_PER_GIB),
          ("4 KiB off", "2M", "4K", PAGES_PER_GIB)]
ROUNDS = 3


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
    measured = {name: [] for name, *_ in PLACES}
    for _ in range(ROUNDS):
        for name, alignment, skew, _ in PLACES:
            measured[name].append(touch(lab, gpu, alignment, skew))
    lab.results = [row(name, rounds) for name, rounds in measured.items()]
    # Before 6.10 the driver maps everything in mmap(), and nothing faults.
    by_fault = lab.kernel.number() >= (6, 10)
    for result, (name, _, _, most) in zip(lab.results, PLACES):
        print(f"    {result}", flush=True)
        faults = result["faults_per_gib"]
        lab.check(f"faults a GiB, {name}",
                  0 < faults <= most if by_fault else faults == 0, result)
    driver.unbind(lab, gpu)
    driver.unload(lab)
