#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver's files agree with each other and with the rest of the project."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

VERSION = sys.argv.pop(1)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KMOD = os.path.join(ROOT, "kmod")


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def sources():
    return sorted(name for name in os.listdir(KMOD)
                  if name.endswith((".c", ".h")) and not name.endswith(".mod.c")
                  and name != "probed.h")


class Driver(unittest.TestCase):
    def test_has_the_version_of_the_project(self):
        self.assertEqual(re.findall(r'#define NVGPU_VERSION "(.*)"', read("kmod", "version.h")),
                         [VERSION])

    def test_takes_the_gpus_of_the_device_table(self):
        devices = yaml.safe_load(read("nvgpuctl", "core", "devices.yaml"))
        wanted = {int(model["id"].removeprefix("10de:"), 16) for model in devices["models"]}
        taken = re.findall(r"PCI_DRIVER_OVERRIDE_DEVICE_VFIO\(PCI_VENDOR_ID_NVIDIA, (0x\w+)\)",
                           read("kmod", "main.c"))
        self.assertEqual({int(number, 16) for number in taken}, wanted)
        self.assertEqual(len(taken), len(wanted))

    def test_builds_every_source(self):
        built = set(re.findall(r"(\w+)\.o", read("kmod", "Kbuild").split("-y :=")[1]))
        self.assertEqual(built, {name[:-2] for name in sources() if name.endswith(".c")})

    def test_uses_every_probe_and_asks_for_none_that_is_missing(self):
        probes = {name[:-2].upper() for name in os.listdir(os.path.join(KMOD, "probes"))
                  if name.endswith(".c")} - {"MINIMUM"}
        used = set()
        for name in sources():
            used |= set(re.findall(r"\bNVGPU_HAVE_(\w+)", read("kmod", name)))
        self.assertEqual(used, probes)

    def test_documents_every_probe_and_attribute(self):
        page = read("docs", "kernels.md")
        for name in os.listdir(os.path.join(KMOD, "probes")):
            if name.endswith(".c") and name != "minimum.c":
                self.assertIn(f"`{name[:-2]}`", page)
        attributes = set(re.findall(r"DEVICE_ATTR_RO\((\w+)\)", read("kmod", "sysfs.c")))
        documented = set(re.findall(
            r"^What:\s+\S+/nvgpu/(\w+)$",
            read("docs", "ABI", "testing", "sysfs-bus-pci-devices-nvgpu"), re.MULTILINE))
        self.assertEqual(attributes, documented)

    def test_names_only_reasons_that_the_program_has(self):
        known = set(re.findall(r"^\| \[NVG-\w+\]\(NVG-\w+\.md\) \| (\S+) \|$",
                               read("docs", "reasons", "README.md"), re.MULTILINE))
        firmware = read("kmod", "firmware.c")
        named = set(re.findall(r'return "([a-z0-9-]+)";', firmware))
        named |= set(re.findall(r'"([a-z-]+): ', firmware))
        self.assertEqual(named, {"no-dsd", "dsd-malformed", "c2c-down",
                                 "fallen-off-the-bus", "size-too-small",
                                 "range-invalid", "range-overlap"})
        self.assertLessEqual(named, known)


class Probes(unittest.TestCase):
    """run.sh with a compiler that does what it is told to."""

    def run_with(self, script):
        with tempfile.TemporaryDirectory() as folder:
            compiler = os.path.join(folder, "cc")
            with open(compiler, "w", encoding="utf-8") as file:
                file.write('#!/bin/sh\nfor last; do :; done\ncase $last in\n' + script + "\nesac\nexit 0\n")
            os.chmod(compiler, 0o755)
            probes = os.path.join(KMOD, "probes")
            return subprocess.run(["sh", os.path.join(probes, "run.sh"), probes, compiler, "-Wall"],
                                  check=False, capture_output=True, text=True)

    def test_say_what_the_kernel_has_not(self):
        done = self.run_with('*/pfn_t.c) echo "$last:7:2: fatal error: linux/pfn_t.h: No such file"; exit 1 ;;')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("/* NVGPU_HAVE_PFN_T: no */\n", done.stdout)
        self.assertIn("#define NVGPU_HAVE_BIND_IOMMUFD 1\n", done.stdout)

    def test_end_where_the_compiler_fails_for_another_reason(self):
        done = self.run_with('*/pfn_t.c) echo "cc: fatal error: Killed signal terminated program cc1"; exit 1 ;;')
        self.assertEqual(done.returncode, 1)
        self.assertIn("probes/pfn_t.c: the compiler failed", done.stderr)
        self.assertIn("Killed signal", done.stderr)

    def test_end_where_the_kernel_lacks_the_minimum(self):
        done = self.run_with('*/minimum.c) echo "$last:3:1: error: no"; exit 1 ;;')
        self.assertEqual((done.returncode, done.stdout), (1, ""))


class Matrix(unittest.TestCase):
    """build_matrix.sh without a Debian: it has no lists of `unknown`, and a tree of any
    other suite cannot be made."""
    DEBIAN = """
        nvgpuctl_cache=$TMPDIR
        skip() { echo "$*" >&2; exit 77; }
        apt_of() { [ "$1" != unknown ] && echo "apt of $1"; }
        field() { echo linux-headers-7.0-arm64 gcc-14; }
        extract_root() { return 1; }
    """

    def run_for(self, *suites):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("kmod", "support"):
                os.mkdir(os.path.join(folder, name))
            with open(os.path.join(folder, "support", "debian.sh"), "w", encoding="utf-8") as file:
                file.write(self.DEBIAN)
            script = shutil.copy(os.path.join(ROOT, "tests", "kmod", "build_matrix.sh"),
                                 os.path.join(folder, "kmod"))
            return subprocess.run([script, *suites], check=False, capture_output=True, text=True,
                                  env={**os.environ, "TMPDIR": folder})

    def test_skips_where_nothing_can_be_tried(self):
        self.assertEqual(self.run_for("unknown").returncode, 77)

    def test_fails_where_one_suite_failed_and_another_cannot_be_tried(self):
        for suites in (("sid", "unknown"), ("unknown", "sid")):
            done = self.run_for(*suites)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("| kernel | suite |", done.stdout)


if __name__ == "__main__":
    unittest.main()
