#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture with N PCI functions, one GH200 GPU among them.

    make_pci_tree.py 10000 build/bench/pci-10000

The rest are virtual functions of the host's network card, each in an IOMMU
group of its own with the files of any sysfs device: that is how real hosts
come to have thousands. Files of equal content share an inode, which makes the
tree small but leaves every path to be looked up and opened.
"""

import argparse
import errno
import os
import shutil
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "support"))
sys.dont_write_bytecode = True

import make_host  # noqa: E402
from hosts import description, pci  # noqa: E402
from hosts.tree import Tree  # noqa: E402

HOST = os.path.join(TESTS, "data", "hosts", "gh200-96g.yaml")
MOST = 60000  # one segment has 65536 addresses


class LinkingTree(Tree):
    """Writes a content once and links to it from then on."""

    def __init__(self, root):
        super().__init__(root)
        self._written = {}

    def write(self, path, content):
        if not content or len(content) > 4096:
            super().write(path, content)
            return
        known = self._written.get(content)
        if known:
            try:
                os.link(known, self._full(path))
                return
            except OSError as error:
                if error.errno != errno.EMLINK:
                    raise
        super().write(path, content)
        self._written[content] = self._full(path)


def add_virtual_functions(host, count):
    """From 0000:01:00.2 on, over as many buses as it takes."""
    parent = next(f for f in host.functions if f.address == "0000:00:00.0")
    for index in range(2, count + 2):
        f = pci.Function(0, 1 + (index >> 8), index >> 3 & 0x1F, index & 7,
                         0x15B3, 0x101E, 0x15B3, 0x0041, 0x020000,
                         parent=parent, driver="mlx5_core",
                         link=(5, 16), reset_method="flr")
        f.bars = {0: pci.parse_bar("1M")}
        host.functions.append(f)


def build(count, directory):
    def add(host):
        if not len(host.functions) <= count <= MOST:
            raise SystemExit(f"between {len(host.functions)} and {MOST} "
                             "functions, please")
        add_virtual_functions(host, count - len(host.functions))

    host, _ = description.load(HOST, add)
    if os.path.exists(directory):
        shutil.rmtree(directory)
    make_host.build(host, LinkingTree(os.path.abspath(directory)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="PCI functions")
    parser.add_argument("directory", help="replaced")
    arguments = parser.parse_args()
    build(arguments.count, arguments.directory)


if __name__ == "__main__":
    main()
