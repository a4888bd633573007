#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""man_page_test.py NVGPUCTL PAGE OTHERS: the page names every verb, option and exit code of the program, and no others.

OTHERS is a folder with nvgpuctl-VERB.1; together they have every verb, too.
"""
import glob
import json
import os
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


def problems_of_others(interface, folder):
    """Each page has its verbs with their options."""
    wanted = {}
    for verb in interface["verbs"]:
        wanted.setdefault(verb["name"].split()[0], []).append(verb)
    for word in ("completion", "version"):
        del wanted[word]
    pages = {os.path.basename(path)[len("nvgpuctl-"):-len(".1")]: path
             for path in glob.glob(os.path.join(folder, "*.1"))}
    yield from compare(folder, wanted, pages)
    for word in wanted.keys() & pages.keys():
        with open(pages[word], encoding="utf-8") as file:
            page = plain(file.read())
        yield from compare(f"SYNOPSIS of {word}", [verb["name"] for verb in wanted[word]],
                           re.findall(r"^\.B nvgpuctl ([a-z ]+?)(?: ?[\[A-Z].*)?$", section(page, "SYNOPSIS"), re.M))
        yield from compare(f"options of {word}",
                           {option["name"] for verb in wanted[word] for option in verb["options"]},
                           options_in(section(page, "DESCRIPTION")))


def main(program, page_file, others):
    interface = json.loads(subprocess.run([program, "version", "-o", "json"], check=True, capture_output=True).stdout)
    with open(page_file, encoding="utf-8") as file:
        page = plain(file.read())
    problems = [*problems_of(interface, page), *problems_of_others(interface, others)]
    print("\n".join(problems) or f"{page_file} says what the program does")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
