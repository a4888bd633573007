#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the tree of a recorded host from its description.

    make_host.py tests/data/hosts/gh200-96g.yaml build/hosts/gh200-96g

The tree holds what a program run with --root DIR reads: sys, proc, dev, boot,
lib/modules, and nvgpuctl-capture.yaml with the facts that no file holds.
"""

import argparse
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from hosts import acpi, boot, description, pci, system  # noqa: E402
from hosts.tree import Tree  # noqa: E402


def build(host, tree):
    records = acpi.srat_records(host)
    segments = {}
    for f in host.functions:
        if f.firmware_node and not f.parent:
            segments.setdefault(f.segment, []).append(f)
    tables = {}
    if host.privileged:
        with tempfile.TemporaryDirectory() as scratch:
            tables = acpi.build(host, segments, records, scratch)
    system.write_acpi(tree, host, tables)
    system.write_loaded_modules(tree, host)
    nodes = system.nodes_of(host, records)
    faked = acpi.pxm_to_node(records, system.max_nodes(host)) is None
    for f in host.functions:
        f.node = -1 if faked else f.node
        pci.write_function(tree, f, nodes.get(f.node, nodes[0])[1],
                           host.privileged)
    system.write_nodes(tree, host, records)
    for write in (system.write_iommu, system.write_kernel,
                  boot.write_kernels, boot.write_security,
                  system.write_memory,
                  system.write_devices, system.write_egm):
        write(tree, host)
    for path, text in host.spec.get("files", {}).items():
        tree.write(path, text)
    for path, target in host.spec.get("links", {}).items():
        tree.link_as_is(path, target)
    # Last: it is what the build system takes for the finished tree.
    tree.write("nvgpuctl-capture.yaml", system.capture_text(host))


def sources(used):
    """Everything whose change makes another tree."""
    here = os.path.dirname(os.path.abspath(__file__))
    code = [os.path.join(here, "hosts", name)
            for name in sorted(os.listdir(os.path.join(here, "hosts")))
            if name.endswith(".py")]
    return used + [os.path.abspath(__file__)] + code


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("description", help="YAML file")
    parser.add_argument("directory", help="where the tree goes; replaced")
    parser.add_argument("--depfile", help="for Ninja: what was read")
    arguments = parser.parse_args()
    host, used = description.load(os.path.abspath(arguments.description))
    directory = os.path.abspath(arguments.directory)
    if os.path.exists(directory):
        shutil.rmtree(directory)
    build(host, Tree(directory))
    if arguments.depfile:
        with open(arguments.depfile, "w") as file:
            file.write(f"{directory}/nvgpuctl-capture.yaml: "
                       + " ".join(sources(used)) + "\n")


if __name__ == "__main__":
    main()
