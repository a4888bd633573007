#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums up ctest's JUnit files: what failed, what was skipped and why.

The last line is "N passed, N failed" (", N skipped" when there are any). With
CI=true a skipped test is a failure, because nobody reads a green log.
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def skip_reason(case):
    """The line before which a test said why it did not run."""
    output = case.findtext("system-out") or ""
    # GoogleTest prints "FILE:LINE: Skipped" and the message below it.
    match = re.search(r": Skipped\n+(.+)", output)
    if match:
        return match.group(1).strip()
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        if line.lower().startswith("skip"):
            return line
    if lines:
        return lines[-1]
    skipped = case.find("skipped")
    return (skipped.get("message") if skipped is not None else "") or "no reason given"


def main(paths):
    passed, failed, skipped = 0, [], []
    for path in paths:
        tree = os.path.dirname(path)
        try:
            cases = ElementTree.parse(path).iter("testcase")
        except (OSError, ElementTree.ParseError) as error:
            failed.append(f"{tree}: ctest left no result ({error})")
            continue
        for case in cases:
            name = f"{tree}: {case.get('name')}"
            status = case.get("status")
            if status == "run":
                passed += 1
            elif status == "fail":
                failed.append(name)
            elif case.find("skipped") is not None and status in ("notrun", "disabled"):
                skipped.append(f"{name}: {skip_reason(case)}")
            else:
                failed.append(f"{name}: {status}")
    if os.environ.get("CI") == "true" and skipped:
        failed += [f"{line} (skipped; CI allows no skipped test)" for line in skipped]
        skipped = []
    for title, lines in (("Failed", failed), ("Skipped", skipped)):
        if lines:
            print(f"{title}:")
            for line in lines:
                print(f"  {line}")
    counts = f"{passed} passed, {len(failed)} failed"
    print(counts + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
