#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program of GoogleTest for ctest: its exit code, or 77 when it has passed and a
test of it was skipped. ctest's SKIP_REGULAR_EXPRESSION would hide that others failed."""
import subprocess
import sys

with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as program:
    skipped = False
    for line in program.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        skipped = skipped or line.startswith(b"[  SKIPPED ]")
if program.returncode < 0:
    print(f"{sys.argv[1]} was ended by signal {-program.returncode}")
    sys.exit(1)
sys.exit(program.returncode or (77 if skipped else 0))
