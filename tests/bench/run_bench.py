#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed and memory of nvgpuctl, beside lspci and driverctl in the same run.

    run_bench.py --build build-release

Prints Markdown. Commands that are compared take turns, so that whatever else
the machine does meets all of them; the number is the median of wall time, and
the largest peak of resident memory. Before a command is timed, its output is
looked at: a program that fails fast would otherwise win.

A recorded tree lies in a file system and its pages in the page cache. Live
sysfs makes each file when it is read, which costs every program more.
"""

import argparse
import glob
import os
import re
import shutil
import statistics
import subprocess
import sys

import verbs
from measuring import (HERE, Bench, Command, goal, print_table, problems, read,
                       say)

sys.path.append(os.path.join(os.path.dirname(HERE), "support"))
import cache  # noqa: E402

GPU = "0009:01:00.0"
FEW, MANY = 64, 10000
# The goals of the project; docs/benchmarks.md records how they are met.
HOOK_MS = 5.0
LIST_MS, LIST_SHARE, XML_MS, PEAK_MIB, AML_MB_S = 5.0, 0.2, 40.0, 24.0, 200.0
JSON_MS = 20.0


# Parts.

def compare_lists(bench, count, repetitions):
    tree = bench.tree(count)
    lspci = Command("`lspci -nn`", [
        "lspci", "-nn", "-O", f"sysfs.path={tree}/sys/bus/pci"], "\n", count)
    commands = [lspci,
                bench.nvgpuctl("list", tree, "list", expect=GPU),
                bench.nvgpuctl("show --all", tree, "show", "--all",
                               expect=GPU)]
    say(f"{count} functions")
    bench.run_interleaved(commands, repetitions)
    print_table(f"{count} PCI functions", commands, lspci)
    return commands


def compare_json(bench, repetitions):
    """What an agent asks every few seconds, on the host with most GPUs."""
    tree = f"{bench.build}/hosts/gh200-x4"
    if not os.path.isdir(tree):
        problems.append(f"{tree} is missing: build the target hosts")
        return None
    lspci = Command("`lspci -nn`", [
        "lspci", "-nn", "-O", f"sysfs.path={tree}/sys/bus/pci"], "10de:2342", 4)
    listed = bench.nvgpuctl("list -o json", tree, "list", "-o", "json",
                            expect='"address"', count=4)
    say("list -o json")
    bench.run_interleaved([lspci, listed], repetitions)
    print_table("A host with four GPUs, as JSON", [lspci, listed], lspci)
    return listed


def newest_schema():
    """Of the libvirts that the tests have fetched, else the system's."""
    tail = "usr/share/libvirt/schemas/domain.rng"
    for suite in ("forky", "trixie"):
        found = glob.glob(f"{cache.FOLDER}/roots/{suite}-*/{tail}")
        if found:
            return max(found, key=os.path.getmtime)
    return f"/{tail}" if os.path.exists(f"/{tail}") else None


def compare_xml(bench, schema, repetitions):
    tree = f"{bench.build}/hosts/gb200"
    if not os.path.isdir(tree):
        problems.append(f"{tree} is missing: build the target hosts")
        return None
    lspci = Command("`lspci -nn`", [
        "lspci", "-nn", "-O", f"sysfs.path={tree}/sys/bus/pci"], "10de:2941",
        4)
    if not schema:
        problems.append("no libvirt schema found: name one with --schema")
        return None
    xml = bench.nvgpuctl("xml generate --all", tree, "xml", "generate",
                         "--all", "--schema", schema, expect="<hostdev",
                         count=4)
    whole = f"{bench.work}/four-gpus.xml"
    done = subprocess.run([*xml.words, "--whole-domain"], capture_output=True,
                          text=True)
    said = done.stderr
    with open(whole, "w") as file:
        file.write(done.stdout)
    # What virt-xml-validate runs; it takes no other schema than the system's.
    validate = Command("`xmllint --relaxng` of the result",
                       ["xmllint", "--noout", "--relaxng", schema, whole],
                       "", 0)
    commands = [lspci, validate, xml]
    say("xml generate")
    bench.run_interleaved(commands, repetitions)
    print_table("Domain XML for four GPUs", commands, validate,
                "On the recorded GB200, schema check included; it says: "
                f"“{' '.join(said.split())}” `xmllint` is what "
                "virt-xml-validate runs, here with the same schema; `lspci` on "
                "the same tree is a yardstick of the machine.")
    if "valid by" not in said or "not valid" in said:
        problems.append("xml generate: not checked against a schema, so its "
                        "time says nothing about the goal")
        return None
    return xml


def compare_live(bench, repetitions):
    lspci = Command("`lspci -nn`", ["lspci", "-nn"], "", 0)
    commands = [lspci, bench.nvgpuctl("list", None, "list", expect="",
                                      count=0)]
    for words in (["driverctl", "list-devices"],
                  ["dpdk-devbind.py", "--status"]):
        if shutil.which(words[0]):
            commands.append(Command(f"`{' '.join(words)}`", words, "", 0))
    say("the live system")
    bench.run_interleaved(commands, repetitions)
    count = len(os.listdir("/sys/bus/pci/devices"))
    note = (f"This machine, {count} PCI functions, no Grace GPU, so `list` "
            "finds nothing to describe. driverctl and DPDK's script know no "
            "other root: they can be compared here only, not on recorded "
            "trees.")
    if len(commands) < 4:
        note += " What is missing below is not installed."
    print_table("The live system", commands, lspci, note)


def hook_domains(bench):
    """Domains without a Grace GPU: one without any hostdev, and one with
    devices of this machine, or of none."""
    plain = read(os.path.join(HERE, "../data/domain/native-whole.xml"))
    plain = re.sub(r"<hostdev.*?</hostdev>", "", plain, flags=re.DOTALL)
    addresses = sorted(os.listdir("/sys/bus/pci/devices"))[:2] or ["0000:00:00.0"]
    hostdevs = ""
    for address in addresses:
        domain, bus, slot, function = re.split("[:.]", address)
        hostdevs += (
            "<hostdev mode='subsystem' type='pci' managed='yes'>\n<source>\n"
            f"<address domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' "
            f"function='0x{function}'/>\n</source>\n</hostdev>\n")
    paths = []
    for name, text in (("plain", plain), ("hostdev", plain.replace(
            "</devices>", hostdevs + "</devices>"))):
        paths.append(f"{bench.work}/domain-{name}.xml")
        with open(paths[-1], "w") as file:
            file.write(text)
    return paths


def compare_hook(bench, repetitions):
    """The hook of a domain without our GPUs, beside a shell that does nothing
    and a dispatcher in shell."""
    folder = f"{bench.work}/hook"
    os.makedirs(folder, exist_ok=True)
    link = f"{folder}/nvgpuctl"
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(bench.program, link)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    plain, hostdev = hook_domains(bench)
    hook = os.path.join(HERE, "../../hooks/qemu.d/50-nvgpuctl")
    words = ["guest", "prepare", "begin", "-"]
    shell = Command("`sh` that reads its input",
                    ["sh", "-c", "cat >/dev/null"], "", 0, plain)
    ours = [Command("our hook, no hostdev", [hook, *words], "", 0, plain),
            Command("our hook, other hostdevs", [hook, *words], "", 0, hostdev),
            Command("our hook, `reconnect`",
                    [hook, "guest", "reconnect", "begin", "-"], "", 0, plain)]
    theirs = [Command(f"dispatcher in shell, {name}",
                      [f"{HERE}/hook_dispatcher.sh", *words], "", 0, path)
              for name, path in (("no hostdev", plain),
                                 ("other hostdevs", hostdev))]
    say("hook")
    bench.run_interleaved([shell, *ours, *theirs], repetitions)
    print_table("libvirt's hook for a domain without a Grace GPU",
                [shell, *ours, *theirs], shell)
    return [one.ms - shell.ms for one in ours
            if one.ms is not None and shell.ms is not None]


def start_up(bench, repetitions):
    version = bench.nvgpuctl("version", None, "version", expect="nvgpuctl")
    nothing = Command("`true`", ["/bin/true"], "", 0)
    say("start-up")
    bench.run_interleaved([nothing, version], repetitions)
    print_table("Start-up", [nothing, version], nothing)
    loader_ms, libraries = dynamic_linker(bench.program)
    text = f"\n{libraries} shared libraries."
    if loader_ms is not None and version.ms:
        text += (f" The dynamic linker takes {loader_ms:.2f} ms "
                 f"({100 * loader_ms / version.ms:.0f} % of "
                 f"{version.name}), by LD_DEBUG=statistics at the nominal "
                 "clock.")
    else:
        text += " The linker's share could not be measured."
    print(text)


def dynamic_linker(program):
    """Milliseconds and number of libraries. glibc counts cycles of the time
    stamp counter, which runs at the nominal clock."""
    environment = dict(os.environ, LD_DEBUG="statistics")
    cycles = []
    for _ in range(9):
        result = subprocess.run([program, "version"], env=environment,
                                capture_output=True, text=True)
        match = re.search(r"total startup time in dynamic loader: (\d+)",
                          result.stderr)
        if match:
            cycles.append(int(match.group(1)))
    clock = re.search(r"^cpu MHz\s*: ([\d.]+)", read("/proc/cpuinfo"),
                      re.MULTILINE)
    listing = subprocess.run(["ldd", program], capture_output=True, text=True)
    libraries = listing.stdout.count("=>")
    if not cycles or not clock:
        return None, libraries
    return statistics.median(cycles) / float(clock.group(1)) / 1000, libraries


def aml_speed(bench):
    """MB/s of the table that is like firmware's, the first that aml_bench walks.

    The others are the worst that a table can be; they are shown beside it."""
    # Not built with everything else; where there is no such target, nothing.
    subprocess.run(["cmake", "--build", bench.build, "--target", "aml_bench"],
                   capture_output=True)
    # Not below bench/ itself, whose trees have a million names.
    found = [path for place in ("", "src/", "tests/", "tests/*/")
             for path in glob.glob(f"{bench.build}/{place}aml_bench")
             if os.path.isfile(path)]
    print("\n### Walking AML\n")
    if not found:
        print("aml_bench is not built, so this was not measured.")
        return None
    say("AML")
    result = subprocess.run([found[0]], capture_output=True, text=True)
    print("```\n" + result.stdout.strip() + "\n```")
    if result.returncode != 0:
        problems.append(f"aml_bench: exit {result.returncode}")
        return None
    verbs.compare_iasl(bench, found[0])
    speeds = re.findall(r"([\d.]+)\s*MB/s", result.stdout)
    return float(speeds[0]) if speeds else None


def print_goals(few, many, json, xml, aml, hook):
    peak = [c.peak_kib / 1024 for c in [*few[1:], *many[1:]] + [json, xml]
            if c and c.ms is not None]
    complete = len(peak) == 6
    print("\n### Goals\n\n| goal | measured | |\n|---|---|---|")
    lspci, listed = few[0].ms, few[1].ms
    both = lspci is not None and listed is not None
    print(goal(f"`list` of {FEW} functions no slower than `lspci -nn`",
               f"{listed:.2f} ms against {lspci:.2f} ms" if both else None,
               both and listed <= lspci))
    print(goal(f"`list` of {FEW} functions below {LIST_MS:.0f} ms",
               f"{listed:.2f} ms" if listed else None,
               listed and listed < LIST_MS))
    lspci, listed = many[0].ms, many[1].ms
    both = lspci is not None and listed is not None
    print(goal(f"`list` of {MANY} functions in at most a fifth of the time "
               "of `lspci -nn`",
               f"{listed / lspci:.3f} of it" if both else None,
               both and listed <= LIST_SHARE * lspci))
    ms = min(json.times_ms) if json and json.times_ms else None
    print(goal(f"`list -o json` of four GPUs below {JSON_MS:.0f} ms, the "
               "fastest run", f"{ms:.2f} ms" if ms else None,
               ms and ms < JSON_MS))
    ms = xml.ms if xml else None
    print(goal(f"`xml generate` for four GPUs below {XML_MS:.0f} ms",
               f"{ms:.2f} ms" if ms else None, ms and ms < XML_MS))
    print(goal(f"peak memory below {PEAK_MIB:.0f} MiB",
               f"{max(peak):.1f} MiB" if complete else None,
               complete and max(peak) < PEAK_MIB))
    print(goal(f"hook of a domain without our GPUs below {HOOK_MS:.0f} ms on "
               "top of a shell", f"{max(hook):.2f} ms" if hook else None,
               len(hook) == 3 and max(hook) < HOOK_MS))
    print(goal(f"AML like firmware's walked above {AML_MB_S:.0f} MB/s",
               f"{aml:.0f} MB/s" if aml else None, aml and aml > AML_MB_S))


def machine():
    cpu = re.search(r"^model name\s*: (.+)$", read("/proc/cpuinfo"),
                    re.MULTILINE)
    load = read("/proc/loadavg").split()[0]
    return (f"{cpu.group(1) if cpu else 'unknown CPU'}, "
            f"{os.cpu_count()} CPUs, Linux {os.uname().release} "
            f"{os.uname().machine}, load {load} at the start.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-release")
    parser.add_argument("--program", help="instead of BUILD/nvgpuctl")
    parser.add_argument("--repetitions", type=int, default=31,
                        help="of short commands; a third of it for long ones")
    parser.add_argument("--schema", help="domain.rng for `xml generate`")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    print(f"## Benchmark\n\n{machine()}")
    repetitions = arguments.repetitions
    few = compare_lists(bench, FEW, repetitions)
    many = compare_lists(bench, MANY, max(3, repetitions // 3))
    json = compare_json(bench, repetitions)
    xml = compare_xml(bench, arguments.schema or newest_schema(), repetitions)
    compare_live(bench, repetitions)
    start_up(bench, repetitions)
    hook = compare_hook(bench, repetitions)
    aml = aml_speed(bench)
    verbs.memory_of_verbs(bench)
    print_goals(few, many, json, xml, aml, hook)
    if problems:
        print("\n### Not as it should be\n")
        for problem in problems:
            print(f"- {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
