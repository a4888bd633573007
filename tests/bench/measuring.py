# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that are timed beside each other, and the tables that they give."""

import glob
import hashlib
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(os.path.dirname(HERE), "support")
problems = []


@dataclass
class Command:
    name: str
    words: list
    expect: str  # must occur in the output
    expect_count: int = 1
    input: str = os.devnull  # a file
    times_ms: list = field(default_factory=list)
    cpu_ms: list = field(default_factory=list)
    peak_kib: int = 0
    usable: bool = True

    @property
    def ms(self):
        return statistics.median(self.times_ms) if self.times_ms else None


class Bench:
    def __init__(self, arguments):
        self.build = os.path.abspath(arguments.build)
        self.program = arguments.program or f"{self.build}/nvgpuctl"
        self.work = f"{self.build}/bench"
        os.makedirs(self.work, exist_ok=True)
        self.measure = f"{self.work}/measure"
        subprocess.run(["cc", "-O2", "-o", self.measure,
                        f"{HERE}/measure.c"], check=True)

    def tree(self, count):
        """Made once; again when what makes it has changed."""
        directory = f"{self.work}/pci-{count}"
        mark = f"{directory}.made-by"
        digest = hashlib.sha256()
        for path in sorted(glob.glob(f"{SUPPORT}/hosts/*.py")
                           + glob.glob(f"{HERE}/make_pci_tree.py")
                           + glob.glob(f"{SUPPORT}/../data/parts.yaml")):
            with open(path, "rb") as file:
                digest.update(file.read())
        if not (os.path.exists(mark) and read(mark) == digest.hexdigest()):
            say(f"making a tree of {count} functions")
            subprocess.run(["/usr/bin/python3", f"{HERE}/make_pci_tree.py",
                            str(count), directory], check=True)
            with open(mark, "w") as file:
                file.write(digest.hexdigest())
        return directory

    def nvgpuctl(self, name, tree, *words, expect, count=1):
        root = ["--root", tree] if tree else []
        return Command(f"`nvgpuctl {name}`", [self.program, *root, *words],
                       expect, count)

    def run_interleaved(self, commands, repetitions):
        for command in commands:
            self.check(command)
        for turn in range(-1, repetitions):  # the first warms caches
            for command in commands:
                if command.usable:
                    self.run_once(command, turn >= 0)

    def check(self, command):
        with open(command.input) as file:
            result = subprocess.run(command.words, stdin=file, text=True,
                                    capture_output=True, errors="replace")
        seen = result.stdout.count(command.expect)
        if result.returncode != 0 or seen < command.expect_count:
            command.usable = False
            problems.append(
                f"{command.name}: exit {result.returncode}, "
                f"{seen} × “{command.expect}” in the output where "
                f"{command.expect_count} were expected; not timed. "
                + result.stderr.strip()[:200])

    def run_once(self, command, counts):
        with open(command.input) as file:
            output = subprocess.run([self.measure, *command.words], check=True,
                                    stdin=file, capture_output=True,
                                    text=True).stdout
        wall, cpu, peak, code = (int(number) for number in output.split())
        if code != 0:
            command.usable = False
            problems.append(f"{command.name}: exit {code} while timed")
        elif counts:
            command.times_ms.append(wall / 1e6)
            command.cpu_ms.append(cpu / 1e3)
            command.peak_kib = max(command.peak_kib, peak)


def read(path):
    with open(path) as file:
        return file.read()


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def print_table(title, commands, base, note=""):
    print(f"\n### {title}\n")
    if note:
        print(note + "\n")
    print("| command | median ms | min ms | max ms | median CPU ms "
          f"| peak MiB | time against {base.name} |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for command in commands:
        if command.ms is None:
            print(f"| {command.name} | not measured | | | | | |")
            continue
        ratio = "–" if base.ms is None else f"{command.ms / base.ms:.2f}"
        print(f"| {command.name} | {command.ms:.2f} | "
              f"{min(command.times_ms):.2f} | {max(command.times_ms):.2f} | "
              f"{statistics.median(command.cpu_ms):.2f} | "
              f"{command.peak_kib / 1024:.1f} | {ratio} |")


def goal(text, value, met):
    """value: text, or None when something was not measured."""
    if value is None:
        return f"| {text} | not measured | **unknown** |"
    return f"| {text} | {value} | {'met' if met else '**missed**'} |"
