#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our RPMs, on a system that never had them: installed, upgraded, verified, erased.

The system is a Debian one, whose libraries no RPM provides; so dependencies are
looked at here, and not by rpm.
"""
import glob
import subprocess
import sys
import unittest

import clean_root

OLD = "0.0.9"
HOOK = "/etc/libvirt/hooks/qemu.d/50-nvgpuctl"
GPU = "0009:01:00.0"
# What presets are for is in the units' package; here stands something that notes it.
PRESETS = "/usr/lib/systemd/systemd-update-helper"
UNITS = "nvgpuctl-recover.service nvgpuctl-apply.service"
ORIGIN = f"/var/lib/nvgpuctl/origin/{GPU}.json"
# Folders that belong to Fedora's packages filesystem and python3-libs.
SHARED = {"usr/lib/python3", "usr/lib/python3/dist-packages", "usr/share/fish",
          "usr/share/fish/vendor_completions.d", "usr/share/licenses", "usr/share/man/man4",
          "usr/share/zsh/site-functions"}


def rpms(version=""):
    folder = f"{clean_root.PACKAGES}/rpm" + (f"-{version}" if version else "")
    return sorted(path for path in glob.glob(f"{folder}/*.rpm") if not path.endswith(".src.rpm"))


def query(package, what):
    return subprocess.run(["rpm", "-qp", f"--{what}", package], check=True, text=True, capture_output=True).stdout


class HostsLife(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = clean_root.CleanRoot("bookworm")
        cls.before = cls.host.everything()

    def rpm(self, *words):
        done = subprocess.run(["rpm", f"--root={self.host.path}", "--dbpath=/var/lib/rpm", *words], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        return done.returncode, done.stdout

    def succeed(self, *words):
        code, output = self.rpm(*words)
        self.assertEqual(code, 0, output)
        return output

    def asked_of_presets(self):
        noted = "/tmp/presets"
        words = self.host.read(noted).splitlines() if self.host.exists(noted) else []
        self.host.write(noted, "")
        return words

    def test_01_says_what_it_needs(self):
        driver, program = rpms()
        self.assertIn("dkms-nvgpuctl-", driver)
        self.assertIn("dkms >= 3.0.10\n", query(driver, "requires"))
        self.assertRegex(query(program, "requires"), r"libyaml-cpp\.so\.[\d.]+\(\)\(64bit\)")
        self.assertIn("(dkms-nvgpuctl if dkms)\n", query(program, "recommends"))

    def test_02_installs_an_older_version(self):
        self.assertEqual(len(rpms(OLD)), 2)
        self.host.write(PRESETS, '#!/bin/sh\necho "$@" >>/tmp/presets\n', 0o755)
        output = self.succeed("-i", "--nodeps", *rpms(OLD))
        self.assertIn("the driver is for arm64; nothing is built here", output)
        self.assertEqual(self.host.run("nvgpuctl", "version"), (0, f"nvgpuctl {OLD}\n"))
        self.assertEqual(self.asked_of_presets(), [f"install-system-units {UNITS}"])
        self.assertIn(f"nvgpuctl/{OLD}", self.host.run("dkms", "status")[1])

    def test_03_upgrades_without_touching_gpus_and_configuration(self):
        host = self.host
        host.write(HOOK, host.read(HOOK) + "# mine\n", 0o755)
        host.write(ORIGIN, "a record of a bound GPU\n")
        host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(1, "must not be called"), 0o755)
        self.succeed("-U", "--nodeps", *rpms())
        self.assertFalse(host.exists("/tmp/called"))
        self.assertEqual(self.asked_of_presets(), [])
        host.remove("/usr/sbin/nvgpuctl")
        self.assertEqual(host.read(ORIGIN), "a record of a bound GPU\n")
        self.assertTrue(host.read(HOOK).endswith("# mine\n"))
        self.assertEqual(host.run("nvgpuctl", "version"), (0, f"nvgpuctl {VERSION}\n"))
        self.assertEqual(host.run("dkms", "status")[1].split(":")[0].strip(), f"nvgpuctl/{VERSION}")

    def test_04_verifies(self):
        lines = self.rpm("-V", "--nodeps", "nvgpuctl", "dkms-nvgpuctl")[1].splitlines()
        self.assertEqual([line.split()[1:] for line in lines], [["c", HOOK]], lines)

    def test_05_is_not_erased_while_a_gpu_that_it_bound_is_in_use(self):
        host = self.host
        host.pretend_to_have(GPU)
        host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(4, f"{GPU}: QEMU has it"), 0o755)
        code, output = self.rpm("-e", "nvgpuctl")
        self.assertNotEqual(code, 0)
        self.assertIn(f"nvgpuctl: not removed: of the GPUs that it has bound ({GPU})", output)
        self.assertIn("nvgpuctl-", self.succeed("-q", "nvgpuctl"))
        self.assertEqual(self.asked_of_presets(), [])

    def test_06_leaves_what_the_administrator_changed_when_it_is_erased(self):
        host = self.host
        host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(0, "given back"), 0o755)
        self.assertIn("given back", self.succeed("-e", "nvgpuctl", "dkms-nvgpuctl"))
        self.assertEqual(self.asked_of_presets(), [f"remove-system-units {UNITS}"])
        for path in ("/usr/sbin/nvgpuctl", PRESETS):
            host.remove(path)
        after = host.everything()
        self.assertEqual({path for path, kind in after.items() if self.before.get(path) != kind} - SHARED,
                         {"etc/libvirt", "etc/libvirt/hooks", "etc/libvirt/hooks/qemu.d", HOOK[1:] + ".rpmsave"})
        self.assertEqual(set(self.before) - set(after), set())


if __name__ == "__main__":
    if sys.argv[-1] != "--inside":
        clean_root.build("rpm", "--ccache")
        clean_root.build("rpm", "--ccache", "--as-version", OLD)
    clean_root.enter_namespaces("bookworm")
    VERSION = clean_root.version()
    unittest.main(verbosity=2)
