#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""policy_test.py NVGPUCTL HOST: what the verbs make of a policy, on copies of a
recorded host with one GPU."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

NVGPUCTL, HOST = sys.argv[1:3]
del sys.argv[1:3]
GPU = "0009:01:00.0"
VARIANT = "nvgrace_gpu_vfio_pci\n"
DRIVERCTL, MODPROBE = f"etc/driverctl.d/{GPU}", "etc/modprobe.d/vfio.conf"
RIVALS = ((DRIVERCTL, "nvidia\n", "NVG-W090"), (MODPROBE, "options vfio-pci ids=10de:2342\n", "NVG-W091"))


class CopiedHost(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.root = f"{folder}/host"
        shutil.copytree(HOST, self.root, symlinks=True)

    def write(self, path, text):
        path = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def policy(self, *rules, more=""):
        self.write("etc/nvgpuctl/policy.yaml", f"apiVersion: nvgpuctl/v1\nkind: Policy\n{more}gpus:\n" +
                   "".join(f"  - {{{rule}}}\n" for rule in rules))

    def run_verb(self, *words, code=0):
        done = subprocess.run([NVGPUCTL, "--root", self.root, *words], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr


class HookUdev(CopiedHost):
    def kept_for(self, address=GPU):
        out, err = self.run_verb("hook", "udev", address)
        self.assertEqual(err, "")
        return out

    def test_keeps_a_gpu_for_the_driver_of_the_policy(self):
        for rule, driver in (("driver: variant", VARIANT), ("driver: vfio-pci", "vfio-pci\n"),
                             ("driver: none", "none\n"), ("driver: origin", ""), ("domains: []", ""),
                             ("driver: variant, at-boot: leave", "")):
            self.policy(f"match: all, {rule}")
            self.assertEqual(self.kept_for(), driver, rule)

    def test_keeps_nothing_that_is_no_gpu(self):
        self.policy("match: all, driver: variant")
        self.assertEqual(self.kept_for("0000:00:00.0"), "")

    def test_keeps_none_that_apply_would_not_take_from_another_manager(self):
        for file, text, _ in RIVALS:
            with self.subTest(file):
                self.write(file, text)
                self.policy("match: all, driver: variant")
                self.assertEqual(self.kept_for(), "")
                self.policy("match: all, driver: variant", more="other-managers: take\n")
                self.assertEqual(self.kept_for(), VARIANT)
                os.remove(f"{self.root}/{file}")


class OtherManagers(CopiedHost):
    def test_are_named_by_a_dry_run(self):
        self.policy("match: all, driver: variant")
        for file, text, reason in RIVALS:
            with self.subTest(file):
                self.write(file, text)
                for verb in (("bind", GPU), ("apply",)):
                    self.assertIn(f"refused: {reason}", self.run_verb(*verb, "--dry-run")[0])
                self.run_verb("bind", GPU, "--dry-run", "--quiesce", code=4)
                os.remove(f"{self.root}/{file}")

    def test_matter_to_nobody_who_does_not_bind(self):
        self.write(*RIVALS[0][:2])
        self.policy("match: all, driver: nvidia")
        self.assertNotIn("refused", self.run_verb("apply", "--dry-run")[0])


class Policy(CopiedHost):
    def test_is_not_needed_for_the_way_back(self):
        self.write("etc/nvgpuctl/policy.yaml", "")
        self.run_verb("bind", GPU, "--dry-run", code=1)
        self.run_verb("unbind", GPU, "--dry-run")

    def test_may_name_gpus_that_are_not_there_beside_one_that_is_meant(self):
        self.policy('match: {address: "00ff:01:00.0"}, driver: none', "match: all, driver: vfio-pci")
        for verb, code in (("assert", 3), ("diff", 3)):
            self.assertIn("00ff:01:00.0", self.run_verb(verb, code=code)[0])
            self.assertIn("00ff:01:00.0", self.run_verb(verb, "--all", code=code)[0])
            self.assertNotIn("00ff:01:00.0", self.run_verb(verb, GPU, code=code)[0])
        self.run_verb("apply", "--dry-run", code=10)
        self.run_verb("apply", "--dry-run", GPU)

    def test_is_refused_for_a_model_that_nobody_knows(self):
        self.policy('match: {model: "GH200 120G"}, driver: variant')
        for verb in (["assert"], ["diff"], ["apply", "--dry-run"]):
            err = self.run_verb(*verb, code=1)[1]
            self.assertIn("policy.yaml:4:5: no GPU is called 'GH200 120G'", err)
            self.assertIn('did you mean "GH200 120GB"?', err)
        self.policy('match: {model: GH200}, driver: variant')
        self.assertIn('did you mean "GH200 120GB"?', self.run_verb("diff", code=1)[1])

    def test_is_said_to_be_about_another_model(self):
        self.policy('match: {model: "GB300"}, driver: variant')
        for verb in ("diff", "assert"):
            self.assertIn("policy.yaml:4:5: no GPU of this host is a GB300", self.run_verb(verb)[1])
            self.assertNotIn("GB300", self.run_verb(verb, GPU)[1])

    def test_may_want_no_driver(self):
        self.policy("match: all, driver: none")
        out = self.run_verb("apply", "--dry-run")[0]
        self.assertIn("no driver -> no driver, and none may take it", out)
        self.assertIn("so that no driver takes it", out)

    def test_does_not_hide_that_there_is_no_gpu(self):
        self.policy("match: all, driver: variant")
        os.remove(f"{self.root}/sys/bus/pci/devices/{GPU}")
        for verb in (["assert"], ["diff"], ["apply", "--dry-run"], ["export"]):
            self.assertIn("No Grace GPU here", self.run_verb(*verb)[1])


class Boot(CopiedHost):
    def seen(self, check):
        out = subprocess.run([NVGPUCTL, "--root", self.root, "doctor", "--boot"], capture_output=True, text=True,
                             check=False).stdout
        return [line.split("  ")[-1] for line in out.splitlines() if check in line]

    def test_names_a_model_that_nobody_knows(self):
        self.policy('match: {model: "GH200 120G"}, driver: variant')
        self.assertIn("no GPU is called 'GH200 120G'", self.seen(" policy ")[0])

    def test_counts_only_rules_for_gpus_that_are_there(self):
        self.policy('match: {address: "00ff:01:00.0"}, driver: variant')
        self.assertEqual(self.seen(" policy "), ["1 rule with a driver; kept for one when it comes: no GPU"])
        self.policy("match: all, driver: variant")
        self.assertEqual(self.seen(" policy "), [f"1 rule with a driver; kept for one when it comes: {GPU}"])


class Waits(CopiedHost):
    def test_are_looked_at_by_a_dry_run(self):
        self.policy("match: all, driver: variant")
        for option, value in (("--write-timeout", "0"), ("--write-timeout", "3601"), ("--lock-timeout", "abc")):
            for verb in (("bind", GPU), ("unbind", GPU), ("apply",)):
                err = self.run_verb(*verb, "--dry-run", option, value, code=2)[1]
                self.assertIn(f"{option}: '{value}' is not a number of seconds from", err)
        self.run_verb("bind", GPU, "--dry-run", "--lock-timeout", "0", "--write-timeout", "1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
