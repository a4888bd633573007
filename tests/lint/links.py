#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Relative links in Markdown lead to files and headings that exist, and every page can be
reached from the README."""
import os
import re
import sys
import urllib.parse

from files import ROOT, matching, read

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def without_code(text):
    """The text with code blanked out, lines kept."""
    text = FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), text)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(text):
    """What a forge makes of headings: lower case, dashes, no punctuation."""
    text = FENCE.sub("", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in HEADING.findall(text)}


def problems_of(path, whole):
    text = without_code(whole)
    for match in LINK.finditer(text):
        target = match.group(1)
        line = text.count("\n", 0, match.start()) + 1
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        name = urllib.parse.unquote(name)
        if not name:
            if anchor not in anchors(whole):
                yield f"{path}:{line}: no such heading: {target}"
            continue
        found = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if found.startswith("..") or not os.path.exists(os.path.join(ROOT, found)):
            yield f"{path}:{line}: no such file: {target}"
        elif anchor and found.endswith(".md") and anchor not in anchors(read(found)):
            yield f"{path}:{line}: no such heading: {target}"


def targets_of(path, whole):
    for match in LINK.finditer(without_code(whole)):
        name = urllib.parse.unquote(match.group(1).partition("#")[0])
        if name.endswith(".md") and ":" not in name:
            yield os.path.normpath(os.path.join(os.path.dirname(path), name))


def unreachable(pages):
    """Pages, of path → text, to which no way leads."""
    seen, new = set(), {"README.md"}
    while new:
        seen |= new
        new = {target for path in new for target in targets_of(path, pages[path])
               if target in pages} - seen
    return sorted(set(pages) - seen)


def main():
    problems = []
    pages = {path: read(path) for path in matching(["*.md"])}
    for path, text in pages.items():
        problems += problems_of(path, text)
    problems += [f"{path}: no way leads there from README.md" for path in unreachable(pages)]
    print("\n".join(problems) or "links: all lead somewhere")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
