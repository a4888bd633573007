#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""completion_test.py NVGPUCTL bash|fish|zsh: the shell accepts its completion script, and completes with it."""
import os
import pathlib
import subprocess
import sys
import tempfile

# Stands in for the program where the scripts ask for addresses. The last is what no program of
# ours says, and what must stay a word even so.
GPUS = ("0009:01:00.0", "0019:01:00.0")
COMMAND = "$(touch${IFS}RUN)"
# The only GPU of the host in /with blank.
OTHER = "0029:01:00.0"
FAKE = f"""#!/bin/sh
case "$*" in
  *"/with blank"*) echo {OTHER} ;;
  *) printf '%s\\n' {" ".join(GPUS)} '{COMMAND}' ;;
esac
"""

# Files of the folder in which all is typed. Whoever may write there chooses their names.
FILES = (COMMAND, "with blank.xml", "`touch RUN`", "${PATH}", "~root")

# What is typed, and what must and must not be offered: the verb, and the host, are
# found among options and their values.
VERBS = [
    ("nvgpuctl --root /x ", ["list", "xml", "help"], ["generate"]),
    ("nvgpuctl --root /x xml ", ["generate", "lint"], ["list"]),
    ("nvgpuctl xml lint ", [], ["generate", "merge", "lint"]),
    ("nvgpuctl help ", ["list", "xml", "hook"], ["generate"]),
    ("nvgpuctl help xml ", ["generate", "lint"], ["list"]),
    ("nvgpuctl help xml lint ", [], ["generate", "list"]),
    ("nvgpuctl show ", list(GPUS), ["list"]),
    ("nvgpuctl -o json show list ", list(GPUS), ["list"]),
    ("nvgpuctl --root '/with blank' show ", [OTHER], list(GPUS)),
    ("nvgpuctl show --root=/with\\ blank ", [OTHER], list(GPUS)),
]
# Bash is given what follows the last colon, because it breaks words there.
BASH = [
    ("nvgpuctl ", ["list", "xml", "help"], ["generate"]),
    ("nvgpuctl ex", ["explain"], ["list"]),
    ("nvgpuctl xml ", ["generate"], ["list"]),
    ("nvgpuctl xml merge --dom", ["--domain"], ["--memory"]),
    ("nvgpuctl xml unmerge --d", ["--define", "--diff"], ["--gpu"]),
    ("nvgpuctl xml generate --pro", ["--profile"], ["--all"]),
    ("nvgpuctl xml generate --profile ", ["native", "auto"], ["list", "--all"]),
    ("nvgpuctl bind --d", ["--dry-run"], ["--all"]),
    ("nvgpuctl -o json show ", list(GPUS), ["list"]),
    ("nvgpuctl show 0009:", ["01:00.0"], ["0019:01:00.0"]),
    ("nvgpuctl completion ", ["bash", "zsh", "fish"], ["list"]),
    ("nvgpuctl help b", ["bind"], ["list"]),
    ("nvgpuctl help xml ", ["generate"], ["list"]),
    ("nvgpuctl bind --force ", ["in-use"], ["write"]),
    ("nvgpuctl validate --force ", ["write"], ["in-use"]),
    ("nvgpuctl xml lint ", [*FILES, "--all"], list(GPUS)),
    ("nvgpuctl xml merge w", ["with blank.xml"], ["--domain"]),
    ("nvgpuctl xml unmerge ", list(FILES), []),
    ("nvgpuctl report ", list(FILES), []),
    ("nvgpuctl diff --file ", list(FILES), []),
    ("nvgpuctl show ", [*GPUS, COMMAND], []),
    ("nvgpuctl xml merge --gpu ", [*GPUS, COMMAND], ["--domain"]),
]
FISH = [
    ("nvgpuctl ", ["list", "xml", "help"], ["generate"]),
    ("nvgpuctl xml ", ["generate"], ["list"]),
    ("nvgpuctl bind --d", ["--dry-run"], ["--all"]),
    ("nvgpuctl xml generate --profile ", ["native", "auto"], ["list"]),
    ("nvgpuctl xml lint w", ["with blank.xml"], []),
    *VERBS,
]
ZSH = [("nvgpuctl ", ["list", "xml", "help"], ["generate"]), *VERBS]

BASH_DRIVER = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
_nvgpuctl nvgpuctl "${2##* }"
printf '%s\n' "${COMPREPLY[@]}"
"""
FISH_DRIVER = "source $argv[1]; complete -C $argv[2]"
# Stands in for zsh's own functions, which work in its line editor only.
ZSH_DRIVER = r"""
compdef() { : }
compadd() { shift; print -rl -- "$@" }
_describe() { print -rl -- "${(@)${(@P)2}%%:*}" }
_arguments() { [[ "$*" != *:_nvgpuctl_gpus* ]] || _nvgpuctl_gpus }
source $1
words=("${(@)${(z)2}}" "") CURRENT=$#words
_nvgpuctl
"""
SHELLS = {
    "bash": (["bash", "--norc", "-c", BASH_DRIVER, "bash"], BASH),
    "fish": (["fish", "--no-config", "-c", FISH_DRIVER], FISH),
    "zsh": (["zsh", "-f", "-c", ZSH_DRIVER, "zsh"], ZSH),
}


def problems_of(shell, script, folder, environment):
    driver, cases = SHELLS[shell]
    for line, wanted, unwanted in cases:
        done = subprocess.run([*driver, script, line], capture_output=True, text=True, cwd=folder, env=environment,
                              check=False)
        found = [offer.split("\t")[0] for offer in done.stdout.splitlines()]
        if done.stderr:
            yield f"'{line}': {done.stderr.strip()}"
        yield from (f"'{line}': {word} is not offered, but {found}" for word in wanted if word not in found)
        yield from (f"'{line}': {word} is offered" for word in unwanted if word in found)
        if set(os.listdir(folder)) != set(FILES):
            yield f"'{line}': a name was run as a command"
            return


def main(program, shell):
    script = subprocess.run([program, "completion", shell], check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "script")
        path.write_text(script, encoding="utf-8")
        fake = pathlib.Path(folder, "nvgpuctl")
        fake.write_text(FAKE, encoding="utf-8")
        fake.chmod(0o755)
        subprocess.run([shell, "-n", path], check=True)
        names = pathlib.Path(folder, "names")
        names.mkdir()
        for name in FILES:
            (names / name).touch()
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": folder}
        problems = list(problems_of(shell, str(path), names, environment))
    print("\n".join(problems) or f"{shell} accepts the script and completes with it")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
