#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each reason id has a page, each page a reason, and pages say what they must."""
import os
import re
import sys

from files import own_files, read

TABLE = "nvgpuctl/core/reason.cpp"
ROW = re.compile(r'"(NVG-[A-Z]\d{3})"\s*,\s*"([a-z0-9-]+)"')
SECTIONS = ["What it means", "How it is found", "What to do"]


def problems_of_page(path, text, name):
    title = text.splitlines()[0] if text else ""
    identity = os.path.basename(path)[:-3]
    if title != f"# {identity} {name}":
        yield f"{path}: first line must be '# {identity} {name}'"
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    titles = [section.splitlines()[0] for section in sections]
    if titles != SECTIONS:
        yield f"{path}: sections must be {SECTIONS}, not {titles}"
    for section in sections:
        if not "".join(section.splitlines()[1:]).strip():
            yield f"{path}: section '{section.splitlines()[0]}' is empty"


def main():
    rows = ROW.findall(read(TABLE))
    names = dict(rows)
    problems = []
    if not rows:
        problems.append(f"{TABLE}: no row looks like {{\"NVG-E001\", \"name\", …")
    if len(names) != len(rows):
        problems.append(f"{TABLE}: an id is used twice")
    pages = {os.path.basename(path)[:-3]: path for path in own_files()
             if path.startswith("docs/reasons/NVG-")}
    problems += [f"docs/reasons/{missing}.md: missing ({names[missing]})"
                 for missing in sorted(names.keys() - pages.keys())]
    problems += [f"{pages[left]}: no such reason in {TABLE}"
                 for left in sorted(pages.keys() - names.keys())]
    index = read("docs/reasons/README.md")
    for identity in sorted(names.keys() & pages.keys()):
        problems += problems_of_page(pages[identity], read(pages[identity]), names[identity])
        if f"({identity}.md)" not in index:
            problems.append(f"docs/reasons/README.md: does not list {identity}")
    print("\n".join(problems) or f"reasons: {len(rows)} ids, each with its page")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
