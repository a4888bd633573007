#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails on an #include that points backwards, and on printing outside of cli/.

    base <- core <- host <- ops <- cli <- main

A folder may include itself and the folders to its left. System interfaces and
the libraries that wrap them belong to host/ alone; base/fd.hpp is the one
exception, because an owner of a descriptor must close it.
"""
import os
import re
import sys

from files import ROOT, matching, read

LAYERS = ["base", "core", "host", "ops", "cli"]
HOST_ONLY = re.compile(
    r"libudev\.h|pci/.*|libvirt/.*|linux/(vfio|iommufd|kvm)\.h|unistd\.h|fcntl\.h"
    r"|dirent\.h|dlfcn\.h|sys/(ioctl|mman|stat|syscall|file|wait)\.h")
# Reading and printing are I/O too: core/ takes values and gives values.
NOT_IN_CORE = re.compile(r"fstream|iostream|cstdio|filesystem|thread")
EXCEPTIONS = {("nvgpuctl/base/fd.hpp", "unistd.h")}
PRINTS = re.compile(r"\b(?:f?printf|f?puts|fputc|perror)\(|std::(?:cout|cerr|clog)\b|fmt::print\(")
# What libpci calls when it gives up, which must not return.
MAY_PRINT = "nvgpuctl/host/pci_library.cpp"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def layer_of(path):
    """The rank of a source file; main is above all folders."""
    parts = path.split("/")
    if parts[0] != "nvgpuctl" or len(parts) < 2:
        return None
    return LAYERS.index(parts[1]) if parts[1] in LAYERS else len(LAYERS)


def problems_of(path, text):
    rank = layer_of(path)
    if rank is None:
        return
    for match in INCLUDE.finditer(text):
        bracket, target = match.groups()
        line = text.count("\n", 0, match.start(2)) + 1
        folder = target.split("/")[0]
        if bracket == '"' and folder in LAYERS and LAYERS.index(folder) > rank:
            yield f"{path}:{line}: {LAYERS[rank]}/ must not include {folder}/ ({target})"
        elif bracket == '"' and ".." in target.split("/"):
            yield f"{path}:{line}: includes are given from nvgpuctl/, without '..' ({target})"
        elif (HOST_ONLY.fullmatch(target) and LAYERS[rank:rank + 1] != ["host"]
              and (path, target) not in EXCEPTIONS):
            yield f"{path}:{line}: only host/ may include <{target}>"
        elif LAYERS[rank:rank + 1] == ["core"] and NOT_IN_CORE.fullmatch(target):
            yield f"{path}:{line}: core/ does no I/O, so it cannot need <{target}>"
    if rank < LAYERS.index("cli") and path != MAY_PRINT:
        for match in PRINTS.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: only cli/ prints ({match.group()})"


def check(root):
    problems = []
    for path in matching(["*.cpp", "*.hpp", "*.h", "*.c"], root):
        problems += problems_of(path, read(path, root))
    return problems


def main():
    # The folder that holds the tree is an argument so that the self-test can
    # point it at a bad one.
    root = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    problems = check(root)
    print("\n".join(problems) or "layering: every include points the right way, and only cli/ prints")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
