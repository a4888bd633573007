#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one ready-made checker over the files that it is for."""
import os
import subprocess
import sys

from files import ROOT, matching, own_files, read

CODE = ["*.cpp", "*.hpp", "*.c", "*.h"]


def shell_scripts():
    return [name for name in own_files()
            if read(name)[:64].startswith(("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash"))]


def prose_and_code():
    """What people wrote: not licences, nor recorded output and fuzz input."""
    skip = ("LICENSES/", "COPYING", "tests/golden/", "tests/data/golden/", "tests/fuzz/corpus/")
    return [name for name in own_files() if not name.startswith(skip)]


CHECKS = {
    "format": (["clang-format-14", "--dry-run", "-Werror"], lambda: matching(CODE)),
    "shell": (["shellcheck"], shell_scripts),
    # The list holds names that the dictionary takes for misspelt words.
    "spelling": (["codespell", "--ignore-words", "tests/lint/words-we-mean.txt"],
                 prose_and_code),
}


def main():
    command, select = CHECKS[sys.argv[1]]
    names = select()
    print(f"{sys.argv[1]}: {command[0]} on {len(names)} files", flush=True)
    return subprocess.run(command + names, cwd=ROOT, check=False).returncode if names else 0


if __name__ == "__main__":
    sys.exit(main())
