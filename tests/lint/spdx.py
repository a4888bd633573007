#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every file names its licence in its first lines."""
import fnmatch
import sys

from files import matching, read

# JSON has no comments; texts of licences are licences; golden files are output
# of the program, byte for byte; fuzz seeds and ABI symbols are input, likewise.
# Pages for readers say it once, in README.md. Debian's own files have forms of theirs.
EXEMPT = ["*.json", "LICENSES/*", "COPYING", "*.md", ".gitignore", ".clang-format",
          ".clang-tidy", "tests/golden/*", "tests/data/golden/*", "tests/*/golden/*", "tests/data/domain/*",
          "tests/fuzz/corpus/*", "tests/data/*/seeds/*", "packaging/debian/changelog",
          "packaging/debian/copyright", "packaging/debian/source/format"]
DEFAULT = "GPL-2.0-or-later"
TAG = "SPDX-License-Identifier:"
LINES = 5  # a "#!" line and an XML declaration may come first


def expected(path):
    return "GPL-2.0-only" if path.startswith("kmod/") else DEFAULT


def problem_of(path, text):
    for line in text.splitlines()[:LINES]:
        if TAG not in line:
            continue
        licence = line.split(TAG, 1)[1].replace("*/", "").replace("-->", "").strip()
        if licence != expected(path):
            return f"{path}: licence is {licence}, wanted {expected(path)}"
        return None
    return f"{path}: no '{TAG} {expected(path)}' in its first {LINES} lines"


def exempt(path):
    return any(fnmatch.fnmatch(path, pattern) for pattern in EXEMPT)


def main():
    problems = []
    for path in matching(["*"]):
        text = read(path)
        # An empty file has nothing to license.
        if text and not exempt(path):
            problems.append(problem_of(path, text))
    problems = [problem for problem in problems if problem]
    print("\n".join(problems) or "spdx: every file names its licence")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
