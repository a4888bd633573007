#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`nvgpuctl xml …` is carried out by nvgpuctl-xml, wherever both are.

    companion_test.py BUILD HOST
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, HOST = sys.argv[1:3]
del sys.argv[1:3]


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True,
                          cwd="/", check=False)


class Companion(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def put(self, name, *folders):
        target = os.path.join(self.folder, *folders)
        os.makedirs(target, exist_ok=True)
        return shutil.copy(os.path.join(BUILD, name), target)

    def generate(self, program):
        return run(program, "--root", HOST, "xml", "generate", "--all")

    def test_is_found_in_libexec(self):
        program = self.put("nvgpuctl", "bin")
        self.put("nvgpuctl-xml", "libexec", "nvgpuctl")
        done = self.generate(program)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("<nvgpuctl:fragment", done.stdout)

    def test_is_found_through_a_link_to_the_program(self):
        program = self.put("nvgpuctl", "bin")
        self.put("nvgpuctl-xml", "libexec", "nvgpuctl")
        link = os.path.join(self.folder, "short")
        os.symlink(program, link)
        self.assertEqual(self.generate(link).returncode, 0)

    def test_is_found_beside_the_program(self):
        program = self.put("nvgpuctl", "build")
        self.put("nvgpuctl-xml", "build")
        self.assertEqual(self.generate(program).returncode, 0)

    def test_gets_every_word_as_it_was(self):
        program = self.put("nvgpuctl", "bin")
        self.put("nvgpuctl-xml", "bin")
        done = run(program, "--root", HOST, "xml", "generate", "--all",
                   "--whole-domain", "--name", "a b  c")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("<name>a b  c</name>", done.stdout)

    def test_that_is_missing_is_named_with_both_places(self):
        program = self.put("nvgpuctl", "bin")
        done = self.generate(program)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn(f"{self.folder}/bin/../libexec/nvgpuctl/nvgpuctl-xml or "
                      f"{self.folder}/bin/nvgpuctl-xml: cannot be started",
                      done.stderr)
        self.assertIn("hint: ", done.stderr)

    def test_that_cannot_be_run_is_named(self):
        program = self.put("nvgpuctl", "bin")
        os.chmod(self.put("nvgpuctl-xml", "libexec", "nvgpuctl"), 0o644)
        done = self.generate(program)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)

    def test_other_verbs_do_not_need_it(self):
        program = self.put("nvgpuctl", "bin")
        self.assertEqual(run(program, "--root", HOST, "list").returncode, 0)

    def test_libxml2_is_loaded_for_xml_alone(self):
        for program, loads in (("nvgpuctl", False), ("nvgpuctl-xml", True)):
            done = run("readelf", "-d", os.path.join(BUILD, program))
            self.assertEqual("libxml2" in done.stdout, loads, program)


if __name__ == "__main__":
    unittest.main()
