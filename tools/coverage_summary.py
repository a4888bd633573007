#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""coverage_summary.py LINES.JSON: what gcovr has counted, by folder, as Markdown."""
import collections
import json
import sys


def main(path):
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["files"]
    folders = collections.defaultdict(lambda: [0, 0, 0])
    for one in files:
        folder = folders[one["filename"].partition("/")[0]]
        folder[0] += one["line_total"]
        folder[1] += one["line_covered"]
        folder[2] += one["line_covered"] == one["line_total"]
    print("| folder | lines | run by tests | | files without a gap |\n|---|---:|---:|---:|---:|")
    for name, (total, covered, whole) in sorted(folders.items()):
        if total:
            print(f"| `{name}` | {total} | {covered} | {100 * covered / total:.1f} % | {whole} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
