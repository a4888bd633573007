#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/lint.md has a row for each rule of `xml lint`, with its severity and under its theme."""
import re
import sys

from files import read

PAGE = "docs/lint.md"
TABLE = "nvgpuctl/core/domain_lint_table.cpp"


def rules_of_code():
    rows = re.findall(r'LintRule\{"([a-z-]+)",\s*"([a-z]+)",\s*k([A-Z][a-z]+)', read(TABLE))
    return {name: (theme, severity.lower()) for name, theme, severity in rows}


def rules_of_page():
    rules = {}
    for section in re.split(r"^## ", read(PAGE), flags=re.MULTILINE)[1:]:
        theme = section.splitlines()[0]
        for name, severity in re.findall(r"^\| ([a-z-]+) \| ([a-z]+) \|", section, re.MULTILINE):
            if name != "id":
                rules[name] = (theme, severity)
    return rules


def main():
    code, page = rules_of_code(), rules_of_page()
    problems = [] if code else [f"{TABLE}: no rule was recognised"]
    problems += [f"{PAGE}: does not list {name}" for name in sorted(code.keys() - page.keys())]
    problems += [f"{PAGE}: there is no rule {name}" for name in sorted(page.keys() - code.keys())]
    problems += [f"{PAGE}: {name} is {' '.join(page[name])}, and {' '.join(code[name])} in {TABLE}"
                 for name in sorted(code.keys() & page.keys()) if code[name] != page[name]]
    print("\n".join(problems) or f"domain rules: {len(page)} ids, all documented")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
