#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to look at the reports of many hosts: docs/scale.md.

    scale.py --build build-release [--hosts 10,100,1000] [--parallel N]

Makes reports of the recorded hosts, each with a name and a boot of its own, and
has `xargs -P` replay them with `nvgpuctl --root REPORT list -o json`. Prints
Markdown. Every answer is compared with that of the host which the report was
made of, because a program that fails fast would win. Times are the smallest of
several rounds: whatever else the machine does can only add to them."""
import argparse
import collections
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
# Hosts with GPUs: one, four of two kinds, two, and broken ones. By turns.
SOURCES = ("gh200-96g", "gh200-x4", "gb200", "gh200-144g-nvl2", "bad-no-dsd")
REPLAY = '"$0" --root "$1" list -o json >"$2/${1##*/}.json" 2>/dev/null'


class Fleet:
    """Reports of `count` hosts in a directory, in memory where there is such a place."""

    def __init__(self, program, hosts, folder, count):
        self.program, self.folder, self.count = program, folder, count
        self.sources = {}
        self.answers = {}
        for name in SOURCES:
            archive = folder / f"{name}.source"
            subprocess.run([program, "--root", hosts / name, "report", archive], check=True, capture_output=True)
            self.sources[name] = archive
            self.answers[name] = answer(subprocess.run([program, "--root", hosts / name, "list", "-o", "json"],
                                                       check=True, capture_output=True).stdout)
        self.reports = folder / "reports"
        self.reports.mkdir()
        for number in range(count):
            rename(self.sources[self.source_of(number)], self.reports / f"node{number:04}.tar.gz", number)

    @staticmethod
    def source_of(number):
        return SOURCES[number % len(SOURCES)]

    def bytes_per_report(self):
        return sum(path.stat().st_size for path in self.reports.iterdir()) / self.count

    def check(self, results):
        """What the hosts together have; ends the program when one says something else."""
        states = collections.Counter()
        for number in range(self.count):
            got = answer((results / f"node{number:04}.tar.gz.json").read_bytes())
            if got != self.answers[self.source_of(number)]:
                sys.exit(f"node{number:04} says something else than {self.source_of(number)}")
            states.update(state for _, state in got)
        return states


def answer(text):
    return [(gpu["address"], gpu["state"]) for gpu in json.loads(text)["items"]]


def rename(source, target, number):
    """A report of another host: the file's name and the boot are others."""
    boot = (str(uuid.UUID(int=number + 1)) + "\n").encode()
    with tarfile.open(source) as old, tarfile.open(target, "w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as new:
        for member in old.getmembers():
            data = old.extractfile(member) if member.isfile() else None
            if member.name == "proc/sys/kernel/random/boot_id":
                member.size = len(boot)
                data = io.BytesIO(boot)
            new.addfile(member, data)


def measured(tool, command, environment, standard_input):
    """Wall and processor seconds of it and all it starts, the largest peak of memory in MiB."""
    with open(standard_input) as file:
        out = subprocess.run([tool, *command], check=True, stdin=file, capture_output=True, text=True,
                             env=environment).stdout
    wall, cpu, peak, code = (int(number) for number in out.split())
    if code != 0:
        sys.exit(f"{' '.join(map(str, command[:4]))} … ends with {code}")
    return wall / 1e9, cpu / 1e6, peak / 1024


def replay(tool, fleet, parallel, rounds):
    listed = fleet.folder / "list"
    listed.write_text("".join(f"{path}\n" for path in sorted(fleet.reports.iterdir())))
    results = fleet.folder / "results"
    environment = dict(os.environ, TMPDIR=str(fleet.folder))
    seen = []
    for _ in range(rounds):
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        seen.append(measured(tool, ["xargs", "-P", str(parallel), "-I{}", "sh", "-c", REPLAY, fleet.program, "{}",
                                    str(results)], environment, listed))
        states = fleet.check(results)
    return min(s[0] for s in seen), min(s[1] for s in seen), max(s[2] for s in seen), states


def row(count, fleet, figures, first):
    wall, cpu, peak, states = figures
    each = 1000 * cpu / count
    print(f"| {count} | {sum(states.values())} | {wall:.2f} | {cpu:.2f} | {each:.1f} | {peak:.1f} | "
          f"{fleet.bytes_per_report() / 1024:.0f} | {each / first:.2f} |", flush=True)


def machine(parallel):
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    return f"{os.cpu_count()} CPUs, Linux {os.uname().release} {os.uname().machine}, load {load} at the start, `xargs -P {parallel}`."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-release", type=pathlib.Path)
    parser.add_argument("--hosts", default="10,100,1000")
    parser.add_argument("--parallel", default=os.cpu_count(), type=int)
    parser.add_argument("--rounds", default=3, type=int)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    print(f"{machine(arguments.parallel)}\n\n| hosts | GPUs | wall s | CPU s | CPU ms a host | peak MiB | KiB a report "
          "| CPU a host, growth |\n|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    first = None
    for count in map(int, arguments.hosts.split(",")):
        with tempfile.TemporaryDirectory(dir=memory) as name:
            folder = pathlib.Path(name)
            tool = folder / "measure"
            subprocess.run(["cc", "-O2", "-o", tool, HERE / "measure.c"], check=True)
            fleet = Fleet(build / "nvgpuctl", build / "hosts", folder, count)
            figures = replay(tool, fleet, arguments.parallel, arguments.rounds)
            first = first or 1000 * figures[1] / count
            row(count, fleet, figures, first)
            left = [path.name for path in folder.iterdir() if path.name.startswith("nvgpuctl-report")]
            if left:
                sys.exit(f"left behind: {left}")
    print("\n" + ", ".join(f"{number} {state}" for state, number in sorted(figures[3].items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
