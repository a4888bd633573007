#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""completion_verbs_test.py NVGPUCTL fish|zsh: the script finds the verb and the
host among options and their values."""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE, THERE = "0009:01:00.0", "0029:01:00.0"
FAKE = f"""#!/bin/sh
case "$*" in
  *"--root=/with blank"*) echo {THERE} ;;
  *) echo {HERE} ;;
esac
"""

# What is typed, and what must and must not be offered.
CASES = [
    ("nvgpuctl ", ["list", "xml", "help"], ["generate", HERE]),
    ("nvgpuctl --root /x ", ["list", "xml", "help"], ["generate"]),
    ("nvgpuctl --root /x xml ", ["generate", "lint"], ["list"]),
    ("nvgpuctl xml lint ", [], ["generate", "merge", "lint"]),
    ("nvgpuctl help ", ["list", "xml", "hook"], ["generate"]),
    ("nvgpuctl help xml ", ["generate", "lint"], ["list"]),
    ("nvgpuctl help xml lint ", [], ["generate", "list"]),
    ("nvgpuctl show ", [HERE], ["list"]),
    ("nvgpuctl -o json show list ", [HERE], ["list"]),
    ("nvgpuctl --root '/with blank' show ", [THERE], [HERE]),
    ("nvgpuctl show --root=/with\\ blank ", [THERE], [HERE]),
]

FISH = "source $argv[1]; complete -C $argv[2]"
# Stands in for zsh's own functions, which work in its line editor only.
ZSH = r"""
compdef() { : }
compadd() { shift; print -rl -- "$@" }
_describe() { print -rl -- "${(@)${(@P)2}%%:*}" }
_arguments() { [[ "$*" != *:_nvgpuctl_gpus* ]] || _nvgpuctl_gpus }
source $1
words=("${(@)${(z)2}}" "") CURRENT=$#words
_nvgpuctl
"""
DRIVERS = {"fish": ["fish", "--no-config", "-c", FISH], "zsh": ["zsh", "-f", "-c", ZSH, "zsh"]}


def problems_of(shell, script, environment):
    for line, wanted, unwanted in CASES:
        done = subprocess.run([*DRIVERS[shell], script, line], capture_output=True, text=True, env=environment,
                              check=False)
        found = [offer.split("\t")[0] for offer in done.stdout.splitlines()]
        if done.stderr:
            yield f"'{line}': {done.stderr.strip()}"
        yield from (f"'{line}': {word} is not offered, but {found}" for word in wanted if word not in found)
        yield from (f"'{line}': {word} is offered" for word in unwanted if word in found)


def main(program, shell):
    script = subprocess.run([program, "completion", shell], check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "script")
        path.write_text(script, encoding="utf-8")
        fake = pathlib.Path(folder, "nvgpuctl")
        fake.write_text(FAKE, encoding="utf-8")
        fake.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder}
        problems = list(problems_of(shell, str(path), environment))
    print("\n".join(problems) or f"{len(CASES)} lines are completed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
