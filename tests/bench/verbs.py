# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory and processor time of every verb, and AML beside iasl."""

import os
import shutil
import statistics
import subprocess

from measuring import Command, print_table, problems, say

# On the recorded host with most NUMA nodes. Verbs that only work on the live
# host, or wait there for something, are not here: bind, unbind, apply,
# recover, monitor, the hooks. `diff`, `xml merge` and `xml lint` get files of the
# tests.
GPU = "0008:06:00.0"
VERBS = [
    ("list", "list"), ("show --all", "show --all"), ("explain", "explain"),
    ("validate --all", "validate --all"), ("doctor", "doctor"),
    ("doctor --boot", "doctor --boot"), ("topology", "topology"),
    ("topology -o svg", "topology -o svg"), ("bind --dry-run", "bind --all --dry-run"),
    ("diff", "diff --file {policy}"), ("export", "export"), ("xml generate", "xml generate --all"),
    ("xml merge", "xml merge {domain} --gpu {gpu}"), ("xml lint", "xml lint {domain}"),
    ("report", "report -"), ("report --html", "report --html -"),
    *((f"emit {target}", f"emit {target}") for target in (
        "kubevirt", "nova", "opennebula", "ansible", "nfd", "prometheus", "cdi")),
    ("completion", "completion bash"), ("help", "help bind"),
]


def memory_of_verbs(bench, repetitions=5):
    tree = f"{bench.build}/hosts/gb200"
    data = os.path.join(os.path.dirname(__file__), "../data")
    domain, policy = f"{data}/merge/plain.xml", f"{data}/policy.yaml"
    found = subprocess.run([bench.program, "--root", tree, "list", "--addresses"],
                           capture_output=True, text=True).stdout.split()
    if not found:
        problems.append(f"{tree} has no GPU: build the target hosts")
        return
    print("\n### Every verb\n\nOn the recorded GB200 with four GPUs and 34 NUMA "
          "nodes.\n\n| verb | exit code | median CPU ms | peak MiB |\n"
          "|---|---:|---:|---:|")
    say("every verb")
    for name, words in VERBS:
        words = [word.format(domain=domain, policy=policy, gpu=found[0])
                 for word in words.split()]
        cpu, peaks, codes = [], [], set()
        for _ in range(repetitions):
            output = subprocess.run(
                [bench.measure, bench.program, "--root", tree, *words],
                check=True, capture_output=True, text=True).stdout.split()
            cpu.append(int(output[1]) / 1e3)
            peaks.append(int(output[2]))
            codes.add(int(output[3]))
        print(f"| `{name}` | {', '.join(map(str, sorted(codes)))} | "
              f"{statistics.median(cpu):.2f} | {max(peaks) / 1024:.1f} |")
        # What the verb is to say of this host is in the golden files.
        if not codes <= {0, 3, 5}:
            problems.append(f"{name}: exit code {sorted(codes)}")


def compare_iasl(bench, aml_bench):
    """One table, like firmware's, taken apart by iasl and walked by us."""
    if not shutil.which("iasl"):
        problems.append("iasl is not installed")
        return
    table = f"{bench.work}/firmware.aml"
    size = subprocess.run([aml_bench, "--write", table], check=True,
                          capture_output=True, text=True).stdout.strip()
    iasl = Command("`iasl -d`", ["iasl", "-d", "-p", f"{bench.work}/firmware",
                                 table], "", 0)
    ours = Command("`aml_bench --walk`", [aml_bench, "--walk", table], "4 _DSD")
    bench.run_interleaved([iasl, ours], 5)
    print_table("AML beside iasl", [iasl, ours], iasl,
                f"A table of {size}, each program started, run and ended. iasl "
                "writes the whole source; ours looks for `_DSD` only.")
