#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hook_script_test.py SCRIPT BUILD HOST: libvirt's hook, as libvirt calls it."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

SCRIPT, BUILD, HOST = sys.argv[1:4]
del sys.argv[1:4]
PLAIN = "<domain type='kvm'><name>a</name><devices/></domain>\n"
# More than a pipe holds: whoever does not read it to its end is found out.
LONG = PLAIN + "<!-- " + "x" * 300000 + " -->\n"


def domain(bus):
    return (f"<domain type='kvm'><name>a</name><devices><hostdev mode='subsystem' type='pci' managed='no'><source>"
            f"<address domain='0x0009' bus='{bus}' slot='0x00' function='0x0'/></source></hostdev></devices></domain>\n")


class Hook(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def program(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)

    def call(self, *words, xml=LONG, script=SCRIPT):
        environment = {"LC_ALL": "C", "HOME": "/", "PATH": f"{self.folder}:/usr/bin:/bin"}
        return subprocess.run([script, *words], input=xml, capture_output=True, text=True, cwd="/",
                              env=environment, timeout=60, check=False)

    def real(self, *options):
        options = " ".join(options)
        self.program("nvgpuctl", f'exec {BUILD}/nvgpuctl {options} "$@"\n')

    def passes(self, done):
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_hands_over_with_every_word_and_all_input(self):
        self.program("nvgpuctl", f'printf "%s\\n" "$@" >{self.folder}/words; wc -c >{self.folder}/bytes; echo noise\n')
        self.passes(self.call("a b", "prepare", "begin", "-"))
        with open(f"{self.folder}/words", encoding="utf-8") as file:
            self.assertEqual(file.read().split("\n")[:-1],
                             ["hook", "qemu", "--", "a b", "prepare", "begin", "-"])
        with open(f"{self.folder}/bytes", encoding="utf-8") as file:
            self.assertEqual(int(file.read()), len(LONG))

    def test_is_nothing_under_a_package_managers_name(self):
        self.program("nvgpuctl", "echo 'one sentence' >&2; exit 4\n")
        for end in ("dpkg-dist", "dpkg-old", "rpmnew", "rpmsave", "rpmorig"):
            copy = shutil.copy(SCRIPT, f"{self.folder}/50-nvgpuctl.{end}")
            self.passes(self.call("a", "prepare", "begin", "-", script=copy))

    def test_fails_as_the_program_does(self):
        self.program("nvgpuctl", "cat >/dev/null; echo 'one sentence' >&2; exit 4\n")
        done = self.call("a", "prepare", "begin", "-")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (4, "", "one sentence\n"))

    def test_starts_nothing_for_other_operations(self):
        self.program("nvgpuctl", "exit 9\n")
        for operation in ("start", "started", "stopped", "reconnect", "migrate", "restore", "attach", "new"):
            self.passes(self.call("a", operation, "begin", "-"))

    def test_lets_domains_start_without_the_program(self):
        self.program("logger", f'printf "%s\\n" "$*" >{self.folder}/log\n')
        done = self.call("a", "prepare", "begin", "-")
        if shutil.which("nvgpuctl", path="/usr/bin:/bin"):
            self.skipTest("nvgpuctl is installed")
        self.passes(done)
        with open(f"{self.folder}/log", encoding="utf-8") as file:
            self.assertEqual(file.read(), "-t nvgpuctl -p daemon.warning -- qemu hook: nvgpuctl is not installed\n")

    def test_lets_domains_start_when_the_program_is_broken(self):
        self.program("logger", f'printf "%s\\n" "$*" >{self.folder}/log\n')
        for broken in ("exit 70\n", "kill -SEGV $$\n", "kill -ABRT $$\n", "exec /nowhere\n"):
            self.program("nvgpuctl", broken)
            self.assertEqual(self.call("a", "prepare", "begin", "-").returncode, 0, broken)
            with open(f"{self.folder}/log", encoding="utf-8") as file:
                self.assertIn("GPUs of 'a' were not looked at", file.read())

    def test_passes_every_domain_without_a_gpu_of_ours(self):
        self.real("--root", HOST)
        for xml in (PLAIN, LONG, "", "no xml", domain("0x02")):
            self.passes(self.call("a", "prepare", "begin", "-", xml=xml))
            self.passes(self.call("a", "release", "end", "shutdown", xml=xml))

    def test_passes_what_the_program_itself_does_not_know(self):
        self.real()
        for words in (("prepare", "end"), ("release", "begin"), ("reconnect", "begin"), ("prepare",), ()):
            done = subprocess.run([f"{BUILD}/nvgpuctl", "hook", "qemu", "--", "-a", *words], input=LONG,
                                  capture_output=True, text=True, check=False)
            self.passes(done)

    def test_does_not_change_a_recorded_host(self):
        self.real("--root", HOST)
        done = self.call("a", "prepare", "begin", "-", xml=domain("0x01"))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, f"nvgpuctl: {HOST}: is a recorded host, which cannot be changed; "
                         "on the host itself, leave --root out\n")

    def test_reads_the_domain_that_it_was_given_as_a_parser_does(self):
        self.real("--root", HOST)
        done = self.call("a", "prepare", "begin", "-", xml=domain("0x01") + "<more/>")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^nvgpuctl: the domain's XML: NVG-E078 domain-unreadable: .* XML:2: .*\n$")
        self.passes(self.call("a", "prepare", "begin", "-", xml=domain("0x02") + "<more/>"))

    def test_starts_no_domain_that_is_too_large_to_be_looked_at(self):
        self.real("--root", HOST)
        huge = PLAIN + "<!-- " + "x" * (4 << 20) + " -->\n"
        done = self.call("a", "prepare", "begin", "-", xml=huge)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "^nvgpuctl: standard input: NVG-E078 domain-unreadable: .*: longer than 4194304 bytes")
        self.passes(self.call("a", "release", "end", "shutdown", xml=huge))

    def test_says_that_a_part_of_the_program_is_missing(self):
        self.program("nvgpuctl", f'exec {self.folder}/alone/nvgpuctl --root {HOST} "$@"\n')
        os.mkdir(f"{self.folder}/alone")
        shutil.copy(f"{BUILD}/nvgpuctl", f"{self.folder}/alone")
        done = self.call("a", "prepare", "begin", "-", xml=domain("0x01"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "^nvgpuctl: .*/nvgpuctl-xml: NVG-E079 program-incomplete: .*; install nvgpuctl again\n$")
        self.passes(self.call("a", "prepare", "begin", "-", xml=domain("0x02")))


if __name__ == "__main__":
    unittest.main()
