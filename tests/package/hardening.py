#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hardening.py FILE...: how programs were compiled and linked, read from the files.

Prints what each lacks; exit code 1 when one lacks anything.
"""
import re
import subprocess
import sys


def readelf(path, *options):
    return subprocess.run(["readelf", "--wide", *options, path], check=True, text=True,
                          capture_output=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout


def lacks(path):
    """What a program of ours should have been built with, and was not."""
    header = readelf(path, "--file-header", "--segments")
    dynamic = readelf(path, "--dynamic")
    symbols = set(re.findall(r"UND (\w+)", readelf(path, "--dyn-syms")))
    wanted = {
        "is no PIE": re.search(r"Type:\s+DYN", header) and re.search(r"\(FLAGS_1\).*\bPIE\b", dynamic),
        "has no segment that is read-only after relocation": "GNU_RELRO" in header,
        "binds symbols late": re.search(r"\(FLAGS_1\).*\bNOW\b", dynamic),
        "has an executable stack": re.search(r"GNU_STACK\s+(\S+\s+){5}RW\s", header),
        "has no stack protector": "__stack_chk_fail" in symbols,
        # The compiler replaces a call only where it knows the size of what is
        # written to; in programs of this size it does somewhere.
        "was not compiled with _FORTIFY_SOURCE": any(name.endswith("_chk") for name in symbols),
    }
    return [problem for problem, found in wanted.items() if not found]


def main():
    problems = [f"{path} {problem}" for path in sys.argv[1:] for problem in lacks(path)]
    print("\n".join(problems) or f"hardened: {' '.join(sys.argv[1:])}")
    sys.exit(1 if problems or len(sys.argv) < 2 else 0)


if __name__ == "__main__":
    main()
