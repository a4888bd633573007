#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our enumeration through the real libudev over a fake /sys.

Argument: the program find_gpus. As in rules_test.py, umockdev gives /sys and a
mount namespace gives a /run of our own, into which udev writes what it tagged.
"""
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

from rules_test import NAMESPACE, RULES, Function, missing

GH200 = Function("0009:01:00.0", "0x10de", "0x2342")
SECOND = Function("0019:01:00.0", "0x10de", "0x2342")
H100 = Function("0000:01:00.0", "0x10de", "0x2330")
BRIDGE = Function("0009:00:00.0", "0x10de", "0x22b1", "0x060400")
AMD = Function("0002:01:00.0", "0x1002", "0x2342")
ETHERNET = Function("0001:01:00.0", "0x15b3", "0xa2dc", "0x020000")
ALL = [SECOND, GH200, H100, BRIDGE, AMD, ETHERNET]


def found(functions, tags="trust", tagged=()):
    """What find_gpus prints on a host of these functions, after udev has seen
    those of `tagged` with our rule."""
    with tempfile.TemporaryDirectory() as folder:
        description = os.path.join(folder, "host.umockdev")
        with open(description, "w", encoding="utf-8") as file:
            file.write("".join(function.description for function in functions))
        events = [f"udevadm test /sys{function.path} >/dev/null 2>&1" for function in tagged]
        inner = "\n".join([*events, f"exec {shlex.quote(PROGRAM)} {tags}"])
        outer = (f"set -e\nmount -t tmpfs tmpfs /run\nmkdir -p /run/udev/rules.d\n"
                 f"cp {shlex.quote(RULES)} /run/udev/rules.d/\n"
                 f"exec umockdev-run --device {description} -- sh -c {shlex.quote(inner)}")
        done = subprocess.run([*NAMESPACE, "sh", "-c", outer], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.split()


class Enumeration(unittest.TestCase):
    def test_finds_display_functions_of_nvidia_when_nothing_is_tagged(self):
        self.assertEqual(found(ALL), ["0000:01:00.0", "0009:01:00.0", "0019:01:00.0"])

    def test_finds_what_is_tagged_and_nothing_else(self):
        self.assertEqual(found(ALL, tagged=[GH200, SECOND]), ["0009:01:00.0", "0019:01:00.0"])

    def test_asks_every_function_where_tags_are_not_trusted(self):
        self.assertEqual(found(ALL, tags="ignore", tagged=[GH200]),
                         ["0000:01:00.0", "0009:01:00.0", "0019:01:00.0"])

    def test_finds_nothing_among_other_vendors(self):
        self.assertEqual(found([AMD, ETHERNET]), [])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    reason = missing()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
