#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two builds, each from nothing, give the same bytes."""
import hashlib
import os
import unittest

import clean_root


def digests(folder):
    """{file: its digest} of the packages in build/packages/FOLDER."""
    found = {}
    for name in os.listdir(f"{clean_root.PACKAGES}/{folder}"):
        if name.endswith((".deb", ".rpm")):
            with open(f"{clean_root.PACKAGES}/{folder}/{name}", "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


class TwoBuilds(unittest.TestCase):
    def compare(self, kind, folder, wanted):
        clean_root.build(kind)
        first = digests(folder)
        clean_root.build(kind)
        self.assertEqual(digests(folder), first)
        self.assertEqual(len(first), wanted, first)
        print(*(f"{digest}  {name}" for name, digest in sorted(first.items())), sep="\n")

    def test_give_the_same_debian_packages(self):
        self.compare("deb", f"bookworm-{clean_root.ARCHITECTURE}", 3)

    def test_give_the_same_rpms(self):
        self.compare("rpm", "rpm", 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
