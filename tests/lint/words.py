#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses what slips into a repository from the desk where it was written."""
import re
import sys

from files import matching, read

# Each rule with the reason that is printed.
RULES = [
    (re.compile(r"(?<![\w.$}])/(?:work|home|Users)/\w"), "a path of somebody's machine"),
    (re.compile(r"(?<![\w.])/root/(?!\.)\w"), "a path of somebody's machine"),
    (re.compile(r"(?<![\w.])\.\./(?:shared|main|wt)\b"), "a path outside the repository"),
    (re.compile(r"^(?:<{7}|>{7}|={7})(?: |$)", re.MULTILINE), "a merge conflict"),
    (re.compile(r"\b(?:FIXME|XXX|HACK)\b"), "a note to oneself: do it, or file it"),
    (re.compile(r"[ \t]+$", re.MULTILINE), "white space at the end of a line"),
    (re.compile(r"\r$", re.MULTILINE), "a DOS line ending"),
]
# Pictures, output of the program and other people's text are as they are.
AS_THEY_ARE = re.compile(
    r"LICENSES/|COPYING$|tests/(data/)?golden/|tests/data/domain/|tests/[^/]+/golden/"
    r"|\.png$|tests/fuzz/corpus/|tests/lint/(words|self_test)\.py$")


def problems_of(path, text):
    for pattern, reason in RULES:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {reason}: {match.group(0).strip()!r}"
    if text and not text.endswith("\n"):
        yield f"{path}: no newline at the end"


def main():
    problems = []
    for path in matching(["*"]):
        if not AS_THEY_ARE.search(path):
            problems += problems_of(path, read(path))
    print("\n".join(problems) or "words: nothing that should have stayed on the desk")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
