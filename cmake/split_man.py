#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""split_man.py PAGE FOLDER: nvgpuctl-VERB(1) for each verb, out of nvgpuctl(1).

Verbs of two words share the page of the first one: nvgpuctl-xml(1).
"""
import os
import re
import sys

# Nobody looks for a page about these.
WITHOUT = {"completion", "help", "version"}
NOTE = """.PP
Options of all verbs, exit codes and files are in
.BR nvgpuctl (1).
"""


def plain(roff):
    """A sentence for NAME, which tools read and which has no requests."""
    text = re.sub(r"^\.(?:[BI]|[BIR]{2}) ", "", roff, flags=re.M).replace('"', "")
    return " ".join(text.split()).replace(" ,", ",")


def sections_of(page):
    """[(title, text)] of the verbs."""
    verbs = re.search(r"^\.SH VERBS\n(.*?)^\.SH ", page, re.M | re.S).group(1)
    parts = re.split(r"^\.SS (.*)\n", verbs, flags=re.M)[1:]
    return [(title.strip('"'), text) for title, text in zip(parts[::2], parts[1::2])]


def page_of(word, sections, header):
    date, version = re.search(r"^\.TH \S+ 1 (\S+) (\".*?\")", header, re.M).groups()
    first = plain(sections[0][1].split(".\n")[0])
    summary = first[0].lower() + first[1:]
    if len(sections) > 1:
        summary = f"the {word} verbs: " + ", ".join(title.split()[1] for title, _ in sections)
    synopsis = "\n.br\n".join(f".B nvgpuctl {title}" for title, _ in sections)
    text = (f'.\\" SPDX-License-Identifier: GPL-2.0-or-later\n.TH NVGPUCTL\\-{word.upper()} 1 {date} {version} '
            f'"User Commands"\n.SH NAME\nnvgpuctl\\-{word} \\- {summary}\n.SH SYNOPSIS\n{synopsis}\n.SH DESCRIPTION\n')
    if len(sections) == 1:
        text += sections[0][1]
    else:
        text += "".join(f'.SS "{title}"\n{body}' for title, body in sections)
    return text + NOTE + '.SH "SEE ALSO"\n.BR nvgpuctl (1),\n.BR nvgpuctl (7)\n'


def main(path, folder):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    words = {}
    for title, text in sections_of(page):
        words.setdefault(title.split()[0], []).append((title, text))
    os.makedirs(folder, exist_ok=True)
    for word in words.keys() - WITHOUT:
        with open(os.path.join(folder, f"nvgpuctl-{word}.1"), "w", encoding="utf-8") as file:
            file.write(page_of(word, words[word], page))


if __name__ == "__main__":
    main(*sys.argv[1:])
