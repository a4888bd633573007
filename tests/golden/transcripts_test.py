#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The transcripts in the documentation are what the program really prints.

    transcripts_test.py NVGPUCTL HOSTS FILE…

In a block that begins with ```console, each line `$ nvgpuctl …` is run with
--root on the recorded host gh200-96g; what follows must be its output. A line
of […] stands for any number of lines.
"""
import re
import subprocess
import sys

ELLIPSIS = "[…]"


def commands(text):
    """Pairs of arguments and wanted lines, in order."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        arguments, wanted = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if arguments is not None:
                    yield arguments, wanted
                arguments, wanted = line[2:].split(), []
            else:
                wanted.append(line)
        if arguments is not None:
            yield arguments, wanted


def matches(wanted, printed):
    """Whether the lines agree, ellipses standing for as few as possible."""
    if not wanted:
        return not printed
    if wanted[0] == ELLIPSIS:
        return any(matches(wanted[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and wanted[0] == printed[0] and matches(wanted[1:], printed[1:])


def main():
    program, hosts, *files = sys.argv[1:]
    sys.setrecursionlimit(10000)
    ran = failed = 0
    for file in files:
        with open(file, encoding="utf-8") as handle:
            text = handle.read()
        for (name, *arguments), wanted in commands(text):
            if name != "nvgpuctl":
                continue
            ran += 1
            printed = subprocess.run(
                [program, "--root", f"{hosts}/gh200-96g", *arguments], check=False,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            # A blank line before the next command is for the reader.
            while wanted and not wanted[-1]:
                wanted.pop()
            if not matches(wanted, printed.rstrip("\n").splitlines()):
                failed += 1
                print(f"{file}: not what is printed: $ nvgpuctl {' '.join(arguments)}")
                print(printed)
    print(f"{ran - failed} passed, {failed} failed")
    sys.exit(1 if failed or not ran else 0)


if __name__ == "__main__":
    main()
