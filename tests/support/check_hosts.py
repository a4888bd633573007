#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do other people's tools find in the recorded hosts what they should?

    check_hosts.py lspci build/hosts    lspci on two of the trees
    check_hosts.py acpi build/hosts     iasl -d on every ACPI table
"""

import os
import re
import subprocess
import sys
import tempfile

failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)


def lspci(hosts, host, *options):
    path = f"{hosts}/{host}/sys/bus/pci"
    return subprocess.run(["lspci", "-O", f"sysfs.path={path}", *options],
                          capture_output=True, text=True, check=True).stdout


def expect_lines(text, where, patterns):
    for pattern in patterns:
        expect(re.search(pattern, text, re.MULTILINE),
               f"{where}: no line matches {pattern}")


def gpu_lines(hosts, host):
    return [line.split()[0] for line in
            lspci(hosts, host, "-n", "-D", "-d", "10de::0302").splitlines()]


def check_lspci(hosts):
    expect(gpu_lines(hosts, "gh200-96g") == ["0009:01:00.0"],
           "gh200-96g: GPUs are not 0009:01:00.0 alone")
    text = lspci(hosts, "gh200-96g", "-nvvv", "-s", "0009:01:00.0")
    expect_lines(text, "gh200-96g", [
        r"^0009:01:00\.0 0302: 10de:2342 \(rev a1\)$",
        r"Subsystem: 10de:16eb$",
        r"NUMA node: 0$",
        r"IOMMU group: 19$",
        r"Region 0: Memory at 661002000000 \(64-bit, prefetchable\).*=16M\]",
        r"Region 2: Memory at 662000000000 \(64-bit, prefetchable\).*=128G\]",
        r"Region 4: Memory at 661000000000 \(64-bit, prefetchable\).*=32M\]",
        r"\[60\] Express \(v2\) Endpoint",
        r"Speed 16GT/s, Width x1",
        r"\[b0\] MSI-X: .*Count=9 ",
        r"BAR 2: current size: 128GB",
        r"\[1b8 v2\] Advanced Error Reporting",
        r"\[250 v1\] Single Root I/O Virtualization",
        r"\[2f0 v1\] Device Serial Number"])
    expect("Designated Vendor-Specific" not in text,
           "gh200-96g: a Hopper GPU has no DVSEC here")
    text = lspci(hosts, "gh200-96g", "-nvvv", "-s", "0009:00:00.0")
    expect_lines(text, "gh200-96g root port", [
        r"^0009:00:00\.0 0604: 10de:22b1",
        r"Bus: primary=00, secondary=01, subordinate=01",
        r"Prefetchable memory behind bridge: 661000000000-663fffffffff",
        r"\[70\] Express \(v2\) Root Port"])

    expected = [f"{segment}:06:00.0"
                for segment in ("0008", "0009", "0018", "0019")]
    expect(gpu_lines(hosts, "gb300") == expected,
           f"gb300: GPUs are not {expected}")
    text = lspci(hosts, "gb300", "-nvvv", "-s", "0018:06:00.0")
    expect_lines(text, "gb300", [
        r"^0018:06:00\.0 0302: 10de:31c2",
        r"NUMA node: 1$",
        r"IOMMU group: 81$",
        r"Region 2: .*=512G\]",
        r"\[10c v1\] Designated Vendor-Specific: Vendor=1e98 ID=0000 .*Len=60",
        r"\[ba4 v1\] Designated Vendor-Specific: Vendor=10de ID=0003 .*Len=16",
        r"\[300 v1\] Single Root I/O Virtualization",
        r"\[3a8 v1\] Address Translation Service"])
    # Bit 0 of the word at +0xA: without the MIG erratum.
    dump = lspci(hosts, "gb300", "-xxxx", "-s", "0018:06:00.0")
    expect_lines(dump, "gb300", [r"^ba0:( [0-9a-f]{2}){14} 01 00$"])
    tree = lspci(hosts, "gb300", "-t")
    expect_lines(tree, "gb300 -t", [
        r"\[0008:00\]---00\.0-\[01-06\]----00\.0-\[02-06\]--\+-00\.0-\[03\]",
        r"-03\.0-\[06\]----00\.0"])


def check_acpi(hosts):
    checked = 0
    with tempfile.TemporaryDirectory() as scratch:
        for host in sorted(os.listdir(hosts)):
            directory = f"{hosts}/{host}/sys/firmware/acpi/tables"
            if not os.path.isdir(directory):
                continue
            for name in sorted(os.listdir(directory)):
                expect_disassembly(f"{directory}/{name}", host, scratch)
                checked += 1
    expect(checked > 100, f"only {checked} tables found")
    print(f"{checked} tables")


def expect_disassembly(table, host, scratch):
    result = subprocess.run(
        ["iasl", "-p", f"{scratch}/{host}", "-d", table],
        capture_output=True, text=True)
    output = result.stdout + result.stderr
    bad_checksum = re.search(r"ncorrect checksum", output) is not None
    broken = host == "bad-checksum" and table.endswith("/SSDT5")
    where = "/".join(table.split("/")[-6:])
    expect(bad_checksum == broken, f"{where}: checksum wrong: {bad_checksum}")
    others = re.findall(r"^.*(?:Error|AE_).*$", output, re.MULTILINE)
    expect(result.returncode == 0 and (broken or not others),
           f"{where}: iasl -d says\n{output}")
    expect(os.path.exists(f"{scratch}/{host}.dsl"), f"{where}: no output")
    if os.path.exists(f"{scratch}/{host}.dsl"):
        os.unlink(f"{scratch}/{host}.dsl")


def main():
    {"lspci": check_lspci, "acpi": check_acpi}[sys.argv[1]](sys.argv[2])
    for failure in failures:
        print(f"FAIL {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
