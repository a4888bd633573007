#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""man_page_test.py NVGPUCTL PAGE: the page names every verb, option and exit code of the program, and no others."""
import json
import re
import subprocess
import sys


def plain(text):
    """The page's text, without the escapes of man(7)."""
    text = re.sub(r"\\f[BIRP]|\\&", "", text)
    return text.replace("\\-", "-")


def section(page, title):
    match = re.search(rf'^\.SH "?{title}"?$(.*?)(?=^\.SH |\Z)', page, re.M | re.S)
    return match.group(1) if match else ""


def subsection(page, title):
    match = re.search(rf'^\.SS "?{re.escape(title)}\b.*?$(.*?)(?=^\.S[HS] |\Z)', page, re.M | re.S)
    return match.group(1) if match else None


def options_in(text):
    """Options that have an entry of their own."""
    entries = re.findall(r"^\.TP\n(.*)$", text, re.M)
    return {name for entry in entries for name in re.findall(r"--[a-z-]+", entry)}


def compare(what, wanted, found):
    for name in sorted(set(wanted) - set(found)):
        yield f"{what}: {name} is missing"
    for name in sorted(set(found) - set(wanted)):
        yield f"{what}: {name} is in the page only"


def problems_of(interface, page):
    titles = re.findall(r'^\.SS "?([a-z ]+?)(?: \[|"| \\|$| [A-Z])', section(page, "VERBS"), re.M)
    yield from compare("verbs", [verb["name"] for verb in interface["verbs"]] + ["help"], titles)
    for verb in interface["verbs"]:
        text = subsection(page, verb["name"]) or ""
        yield from compare(verb["name"], [option["name"] for option in verb["options"]], options_in(text))
    yield from compare("OPTIONS", [option["name"] for option in interface["common_options"]],
                       options_in(section(page, "OPTIONS")))
    codes = re.findall(r"^\.TP\n\.B (\d+)\n(.*)$", section(page, "EXIT STATUS"), re.M)
    yield from compare("exit codes", [f"{code['code']} {code['meaning']}" for code in interface["exit_codes"]],
                       [f"{number} {text.rstrip('.')}" for number, text in codes])
    for option in interface["common_options"] + [o for verb in interface["verbs"] for o in verb["options"]]:
        for choice in option["choices"]:
            if not re.search(rf"\b{choice}\b", page):
                yield f"{option['name']}: {choice} is not explained"


def main(program, page_file):
    interface = json.loads(subprocess.run([program, "version", "-o", "json"], check=True, capture_output=True).stdout)
    with open(page_file, encoding="utf-8") as file:
        page = plain(file.read())
    problems = list(problems_of(interface, page))
    print("\n".join(problems) or f"{page_file} says what the program does")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
