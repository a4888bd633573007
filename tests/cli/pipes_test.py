#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pipes_test.py NVGPUCTL HOST: what happens when standard output, or a new file,
cannot take the data, and how wide a terminal is."""
import os
import pty
import resource
import shlex
import signal
import subprocess
import sys
import tempfile

# A shell command, the exit code, what standard error holds.
CASES = [
    ("{} version >/dev/full", 1, "nvgpuctl: standard output: cannot be written: No space left on device\n"),
    ("{} version >&-", 1, "nvgpuctl: standard output: cannot be written: Bad file descriptor\n"),
    ("{} version 2>&- >/dev/null", 0, ""),
    ("{} bogus >/dev/full", 2, "nvgpuctl: 'bogus': is not a verb\nhint: try: nvgpuctl help\n"),
]


def with_small_files():
    """As on a disk that becomes full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


def leaves_nothing(program, host):
    """What is left of a file that did not fit would be in the next one's way."""
    bad = 0
    for words in (["report", "--html", "page"], ["xml", "generate", "--all", "--split", "parts"]):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program, "--root", host, *words], cwd=folder, capture_output=True, text=True,
                                  preexec_fn=with_small_files, check=False)
            left = [name for _, _, names in os.walk(folder) for name in names]
            if done.returncode != 1 or "File too large" not in done.stderr or left:
                print(f"{words}: exit {done.returncode}, {done.stderr!r}, and leaves {left}")
                bad += 1
    return bad


def ends_quietly_without_a_reader(program):
    """One that is gone before anything is written."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([program, "completion", "bash"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    if (done.returncode, done.stderr) != (1, b""):
        print(f"without a reader: exit {done.returncode}, {done.stderr!r}")
    return 0 if (done.returncode, done.stderr) == (1, b"") else 1


def lines_on_a_terminal(words, columns):
    """What is printed on a terminal that does not know its own width."""
    ours, its = pty.openpty()
    process = subprocess.Popen(words, stdout=its, stderr=subprocess.DEVNULL, env={**os.environ, "COLUMNS": columns})
    os.close(its)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:  # the other side is closed
        pass
    process.wait()
    os.close(ours)
    return text.splitlines()


def does_not_believe_in_no_columns(program, host):
    """What a program that could not find out has exported."""
    words = [program, "--root", host, "explain"]
    unknown, none, forty = (lines_on_a_terminal(words, columns) for columns in ("", "0", "40"))
    if none != unknown or forty == unknown:
        print(f"COLUMNS=0: {none}; without: {unknown}")
        return 1
    return 0


def main(program, host):
    program = os.path.abspath(program)
    bad = ends_quietly_without_a_reader(program) + does_not_believe_in_no_columns(program, host)
    for template, code, errors in CASES:
        done = subprocess.run(["sh", "-c", template.format(shlex.quote(program))], capture_output=True, text=True, check=False)
        if (done.returncode, done.stderr) != (code, errors):
            print(f"{template}: exit {done.returncode}, {done.stderr!r}; expected {code}, {errors!r}")
            bad += 1
    print(f"{len(CASES) - bad} of {len(CASES)} as expected")
    bad += leaves_nothing(program, host)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
