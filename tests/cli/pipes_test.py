#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pipes_test.py NVGPUCTL: what happens when standard output cannot take the data."""
import shlex
import subprocess
import sys

# A shell command, the exit code, what standard error holds.
CASES = [
    ("{} version >/dev/full", 1, "nvgpuctl: standard output: cannot be written: No space left on device\n"),
    ("{} version >&-", 1, "nvgpuctl: standard output: cannot be written: Bad file descriptor\n"),
    ("{} version 2>&- >/dev/null", 0, ""),
    # A reader that is gone before anything is written.
    ("( sleep 0.2; {} completion bash; echo $? >&2 ) | true", 0, "1\n"),
    ("{} bogus >/dev/full", 2, "nvgpuctl: 'bogus': is no verb\nhint: try: nvgpuctl help\n"),
]


def main(program):
    bad = 0
    for template, code, errors in CASES:
        done = subprocess.run(["sh", "-c", template.format(shlex.quote(program))], capture_output=True, text=True, check=False)
        if (done.returncode, done.stderr) != (code, errors):
            print(f"{template}: exit {done.returncode}, {done.stderr!r}; expected {code}, {errors!r}")
            bad += 1
    print(f"{len(CASES) - bad} of {len(CASES)} as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
