#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The DKMS package on a Debian 13 system with the headers of two kernels.

Everything is real, dkms and Debian's headers for arm64 too, but the compiler is a cross
compiler and uname says that this machine is one of arm64.
"""
import glob
import os
import subprocess
import sys
import unittest

import clean_root

sys.path.append(f"{clean_root.TOP}/tests/support")
import cache  # noqa: E402

SUITE = "trixie"
# The package is one of sources, the same for every suite.
BUILT_IN = "bookworm"
OLD = "0.0.9"
MATRIX = f"{clean_root.TOP}/tests/kmod/build_matrix.sh"


def tree_with_headers():
    """The newest in which tests/kmod has built the driver for two of the suite's kernels,
    or None."""
    trees = [tree for tree in glob.glob(f"{cache.FOLDER}/kmod/roots/{SUITE}-gcc-*") if len(kernels_of(tree)) >= 2]
    return max(trees, key=os.path.getmtime, default=None)


def make_tree():
    """With the network, which the test is without."""
    if not tree_with_headers():
        done = subprocess.run([MATRIX, SUITE, f"{SUITE}-backports"], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(done.returncode)


def kernels_of(tree):
    prefix = f"{tree}/usr/src/linux-headers-"
    return sorted(path[len(prefix):] for path in glob.glob(f"{prefix}*-arm64"))


class HostsLife(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tree = tree_with_headers()
        cls.first, cls.second = kernels_of(tree)[:2]
        cls.host = clean_root.CleanRoot(SUITE, tree)
        cls.host.write("/usr/sbin/uname", "#!/bin/sh\ncase $1 in -m) echo aarch64 ;; "
                       f"-r) echo {cls.first} ;; *) exec /usr/bin/uname \"$@\" ;; esac\n", 0o755)
        for tool in ("strip", "gcc", "ld"):
            cls.host.run("ln", "-s", f"/usr/bin/aarch64-linux-gnu-{tool}", f"/usr/sbin/{tool}")

    def add_kernel(self, kernel):
        self.host.run("mkdir", "-p", f"/lib/modules/{kernel}/kernel")
        self.host.run("ln", "-s", f"/usr/src/linux-headers-{kernel}", f"/lib/modules/{kernel}/build")
        for name in ("modules.order", "modules.builtin"):
            self.host.write(f"/usr/lib/modules/{kernel}/{name}", "")
        # As the kernel's own package does.
        self.host.run("depmod", kernel)

    def add_module(self, kernel):
        """One of the kernel's own: where none is left, DKMS takes a kernel for removed."""
        self.host.run("cp", *self.modules(kernel), f"/usr/lib/modules/{kernel}/kernel/other.ko")

    def modules(self, kernel):
        """Our files, which DKMS may have compressed."""
        return [path[len(self.host.path):] for path in
                glob.glob(f"{self.host.path}/usr/lib/modules/{kernel}/**/nvgrace-gpu-vfio-pci.ko*", recursive=True)]

    def check_module(self, kernel, version):
        self.assertEqual(len(self.modules(kernel)), 1, kernel)
        code, output = self.host.run("modinfo", *self.modules(kernel))
        self.assertEqual(code, 0, output)
        fields = [line.split(":", 1) for line in output.splitlines() if ":" in line]
        values = {name: text.strip() for name, text in fields}
        self.assertEqual((values["version"], values["vermagic"].split()[0]), (version, kernel))
        # What libvirt compares with a GPU's modalias.
        self.assertEqual(sum(text.strip().startswith("vfio_pci:v000010DEd") for name, text in fields if name == "alias"), 5)
        self.assertIn("alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* nvgrace_gpu_vfio_pci\n",
                      self.host.read(f"/usr/lib/modules/{kernel}/modules.alias"))
        return values

    def test_1_builds_for_the_kernel_that_is_there(self):
        self.add_kernel(self.first)
        folder = f"{BUILT_IN}-{clean_root.ARCHITECTURE}-{OLD}"
        output = self.host.install(f"{folder}/nvgpuctl-dkms_*.deb")
        self.assertIn(f"nvgpuctl-dkms: the driver is installed for Linux {self.first}", output)
        self.check_module(self.first, OLD)
        self.add_module(self.first)

    def test_2_builds_again_when_a_kernel_is_installed(self):
        self.add_kernel(self.second)
        code, output = self.host.run("run-parts", "--verbose", "--exit-on-error", f"--arg={self.second}",
                                     "/etc/kernel/postinst.d")
        self.assertEqual(code, 0, output)
        self.check_module(self.second, OLD)
        self.add_module(self.second)

    def test_3_builds_a_newer_version_for_both_kernels(self):
        self.host.install(f"{BUILT_IN}-{clean_root.ARCHITECTURE}/nvgpuctl-dkms_*.deb")
        for kernel in (self.first, self.second):
            self.check_module(kernel, VERSION)
        self.assertNotIn(OLD, self.host.run("dkms", "status")[1])

    def test_4_takes_all_modules_along_when_it_is_removed(self):
        code, output = self.host.run("apt-get", "purge", "-y", "nvgpuctl-dkms")
        self.assertEqual(code, 0, output)
        for kernel in (self.first, self.second):
            self.assertEqual(self.modules(kernel), [])
        self.assertFalse(self.host.exists("/var/lib/dkms/nvgpuctl"))
        self.assertFalse(self.host.exists("/usr/src/nvgpuctl-" + VERSION))


if __name__ == "__main__":
    if sys.argv[-1] != "--inside":
        make_tree()
        clean_root.build("deb", "--ccache", "--suite", BUILT_IN)
        clean_root.build("deb", "--ccache", "--suite", BUILT_IN, "--as-version", OLD)
    clean_root.enter_namespaces(SUITE)
    VERSION = clean_root.version()
    unittest.main(verbosity=2)
