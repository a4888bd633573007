#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`cmake --install` puts everything where a host looks for it, and nothing else."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1)
DOCS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs")
ALWAYS = {
    "bin/nvgpuctl",
    "etc/libvirt/hooks/qemu.d/50-nvgpuctl",
    "libexec/nvgpuctl/give-back",
    "libexec/nvgpuctl/nvgpuctl-xml",
    "libexec/nvgpuctl/tell-host",
    "lib/python3/dist-packages/sos/report/plugins/nvgpuctl.py",
    "lib/systemd/system/nvgpuctl-apply.service",
    "lib/systemd/system/nvgpuctl-apply@.service",
    "lib/systemd/system/nvgpuctl-recover.service",
    "lib/udev/rules.d/70-nvgpuctl.rules",
    "share/bash-completion/completions/nvgpuctl",
    "share/doc/nvgpuctl/CHANGELOG.md",
    "share/doc/nvgpuctl/README.md",
    "share/fish/vendor_completions.d/nvgpuctl.fish",
    "share/man/man1/nvgpuctl.1",
    "share/man/man4/nvgrace_gpu_vfio_pci.4",
    "share/man/man5/nvgpuctl-policy.yaml.5",
    "share/man/man7/nvgpuctl.7",
    "share/nvgpuctl/devices.yaml",
    "share/zsh/vendor-completions/_nvgpuctl",
}
# Of these there are many; each must be of a form, and there must be one at least.
SEVERAL = [r"share/doc/nvgpuctl/docs/reasons/NVG-[EWI]\d{3}\.md",
           r"share/man/man1/nvgpuctl-[a-z]+\.1",
           r"share/nvgpuctl/schemas/[a-z-]+\.schema\.json"]


def files_below(folder):
    return {os.path.relpath(os.path.join(where, name), folder)
            for where, _, names in os.walk(folder) for name in names}


def install(folder):
    """Into folder/p and, what belongs to no prefix, into folder/etc."""
    subprocess.run(["cmake", "--install", BUILD, "--prefix", "/p"], check=True,
                   stdout=subprocess.DEVNULL, env={**os.environ, "DESTDIR": folder})


class Install(unittest.TestCase):
    def test_lays_out_what_a_host_needs_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as prefix:
            install(prefix)
            installed = {path.removeprefix("p/") for path in files_below(prefix)}
            pages = {f"share/doc/nvgpuctl/docs/{path}" for path in files_below(DOCS)}
            self.assertIn("share/doc/nvgpuctl/docs/reasons/README.md", pages)
            self.assertLessEqual(pages, installed)
            for form in SEVERAL:
                some = {path for path in installed if re.fullmatch(form, path)}
                self.assertTrue(some, form)
                installed -= some
            self.assertEqual(installed - pages, ALWAYS)

    def test_the_installed_program_runs(self):
        with tempfile.TemporaryDirectory() as prefix:
            install(prefix)
            done = subprocess.run([f"{prefix}/p/bin/nvgpuctl", "version"],
                                  capture_output=True, text=True, check=True)
            self.assertRegex(done.stdout, r"^nvgpuctl \d+\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
