#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make_seeds.py DIRECTORY SEED...: fills the directory with a fuzzer's seeds.

A seed NAME.hex is text: pairs of hexadecimal digits, "quoted" ASCII, and
comments from # to the end of the line. It becomes the bytes it describes. Any
other seed is copied. Files that a fuzzer has added stay where they are.
"""
import pathlib
import re
import shutil
import sys

TOKEN = re.compile(rb'\s+|#[^\n]*|"([^"\n]*)"|((?:[0-9A-Fa-f]{2})+)(?=[\s"#]|$)')


def decode(path):
    source, result, position = path.read_bytes(), bytearray(), 0
    while position < len(source):
        match = TOKEN.match(source, position)
        if not match:
            line = source.count(b"\n", 0, position) + 1
            sys.exit(f"{path}:{line}: neither hexadecimal bytes nor a string")
        quoted, digits = match.groups()
        result += quoted if quoted is not None else b""
        result += bytes.fromhex(digits.decode()) if digits else b""
        position = match.end()
    return bytes(result)


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for seed in map(pathlib.Path, sys.argv[2:]):
        if seed.suffix == ".hex":
            (directory / seed.stem).write_bytes(decode(seed))
        else:
            shutil.copyfile(seed, directory / seed.name)


main()
