#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""deb_test.py SUITE: our Debian packages, on a system that never had them.

The steps are those of one host's life, in their order.
"""
import json
import re
import sys
import unittest

import clean_root
import hardening

OLD = "0.0.9"
PROGRAMS = ("/usr/bin/nvgpuctl", "/usr/libexec/nvgpuctl/nvgpuctl-xml")
HOOK = "/etc/libvirt/hooks/qemu.d/50-nvgpuctl"
GPU = "0009:01:00.0"
UNITS = [f"/etc/systemd/system/multi-user.target.wants/nvgpuctl-{name}.service" for name in ("apply", "recover")]
ORIGIN = f"/var/lib/nvgpuctl/origin/{GPU}.json"
KERNEL = "6.12.0-arm64"
# DKMS asks uname for the architecture.
UNAME = f"""#!/bin/sh
case $1 in -m) echo aarch64 ;; -r) echo {KERNEL} ;; *) exec /usr/bin/uname "$@" ;; esac
"""
# Headers for which nothing can be built.
MAKEFILE = "%:\n\t@echo the compiler is not content >&2; exit 1\n"
CONFIG = "CONFIG_VFIO_PCI_CORE=m\n# CONFIG_NVGRACE_GPU_VFIO_PCI is not set\n"


class HostsLife(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = clean_root.CleanRoot(SUITE)
        cls.before = cls.host.everything()
        with open(f"{clean_root.PACKAGES}/{SUITE}-{clean_root.ARCHITECTURE}.log", encoding="utf-8") as file:
            cls.log = file.read()

    def succeed(self, *command):
        code, output = self.host.run(*command)
        self.assertEqual(code, 0, output)
        return output

    def install(self, version=""):
        folder = f"{SUITE}-{clean_root.ARCHITECTURE}" + (f"-{version}" if version else "")
        return self.host.install(f"{folder}/nvgpuctl_*.deb", f"{folder}/nvgpuctl-dkms_*.deb")

    def status(self, package):
        return self.host.run("dpkg-query", "-W", "-f=${db:Status-Status}", package)[1]

    def test_01_installs_an_older_version(self):
        output = self.install(OLD)
        self.assertIn("the driver is for arm64; nothing is built here", output)
        for unit in UNITS:
            self.assertTrue(self.host.exists(unit), f"is not enabled: {unit}")
        self.assertEqual(self.succeed("nvgpuctl", "version"), f"nvgpuctl {OLD}\n")
        self.assertEqual(self.succeed("dkms", "status").split(":")[0].strip(), f"nvgpuctl/{OLD}")

    def test_02_upgrades_with_a_kernel_for_which_the_driver_cannot_be_built(self):
        host = self.host
        host.write("/usr/sbin/uname", UNAME, 0o755)
        host.write(f"/lib/modules/{KERNEL}/build/Makefile", MAKEFILE)
        host.write(f"/lib/modules/{KERNEL}/build/.config", CONFIG)
        host.write(HOOK, host.read(HOOK) + "# mine\n", 0o755)
        host.write(ORIGIN, "a record of a bound GPU\n")
        host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(1, "must not be called"), 0o755)
        output = self.install()
        self.assertIn(f"nvgpuctl-dkms: the driver could not be built for Linux {KERNEL}.", output)
        self.assertIn("/var/lib/dkms/nvgpuctl/", output)
        self.assertIn(f"dkms install -m nvgpuctl -v {VERSION} -k {KERNEL}", output)
        self.assertEqual([self.status(name) for name in ("nvgpuctl", "nvgpuctl-dkms")], ["installed"] * 2)
        self.assertEqual(self.succeed("dkms", "status").split(":")[0].strip(), f"nvgpuctl/{VERSION}")

    def test_03_leaves_gpus_and_configuration_alone_in_an_upgrade(self):
        self.assertFalse(self.host.exists("/tmp/called"))
        self.assertEqual(self.host.read(ORIGIN), "a record of a bound GPU\n")
        self.assertTrue(self.host.read(HOOK).endswith("# mine\n"))
        self.host.remove("/usr/sbin/nvgpuctl")

    def test_04_leaves_other_architectures_and_kernels_with_a_driver_alone(self):
        host = self.host
        host.remove("/usr/sbin/uname")
        self.assertIn(f"nvgpuctl-dkms: Linux {KERNEL} has the driver or cannot have it",
                      self.succeed("/usr/libexec/nvgpuctl-dkms/modules", "install"))
        host.write("/usr/sbin/uname", UNAME, 0o755)
        host.write(f"/lib/modules/{KERNEL}/build/.config", CONFIG + "CONFIG_NVGRACE_GPU_VFIO_PCI=m\n")
        self.assertIn(f"nvgpuctl-dkms: Linux {KERNEL} has the driver or cannot have it",
                      self.succeed("/usr/libexec/nvgpuctl-dkms/modules", "install"))

    def test_05_explains_every_verb(self):
        interface = json.loads(self.succeed("nvgpuctl", "version", "-o", "json"))
        verbs = [verb["name"] for verb in interface["verbs"]]
        self.assertGreater(len(verbs), 10)
        for verb in verbs:
            self.assertIn("usage", self.succeed("nvgpuctl", *verb.split(), "--help").lower(), verb)

    def test_06_looks_at_the_host(self):
        code, output = self.host.run("nvgpuctl", "list")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, "No Grace GPU here|ADDRESS")
        code, output = self.host.run("nvgpuctl", "doctor")
        self.assertIn(code, (0, 3), output)
        self.assertIn("kernel", output)

    def test_07_has_every_file_as_it_was_packed(self):
        output = self.host.run("dpkg", "-V", "nvgpuctl", "nvgpuctl-dkms")[1]
        self.assertEqual([line.split()[1:] for line in output.splitlines()], [["c", HOOK]], output)

    def test_08_has_hardened_programs(self):
        for program in PROGRAMS:
            self.assertEqual(hardening.lacks(self.host.path + program), [], program)
        compiled = [line for line in self.log.splitlines() if re.search(r" -c \S+\.c(pp)?$", line)]
        self.assertGreater(len(compiled), 100)
        self.assertEqual([line for line in compiled if "-D_FORTIFY_SOURCE=3" not in line], [])

    def test_09_completes_words_in_a_shell(self):
        self.assertIn("validate", self.succeed(
            "bash", "-c", ". /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/"
            "nvgpuctl; COMP_WORDS=(nvgpuctl va) COMP_CWORD=1 COMP_LINE='nvgpuctl va' COMP_POINT=11; "
            "$(complete -p nvgpuctl | sed 's/.*-F \\([^ ]*\\).*/\\1/') nvgpuctl va nvgpuctl; echo ${COMPREPLY[@]}"))

    def test_10_is_not_removed_while_a_gpu_that_it_bound_is_in_use(self):
        host = self.host
        host.pretend_to_have(GPU)
        host.write("/etc/nvgpuctl/policy.yaml", "apiVersion: nvgpuctl/v1\n")
        host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(4, f"{GPU}: QEMU has it"), 0o755)
        code, output = host.run("apt-get", "remove", "-y", "nvgpuctl")
        self.assertNotEqual(code, 0)
        gpus = f"{GPU} {clean_root.PINNED}"
        self.assertIn(f"{GPU}: QEMU has it\nnvgpuctl: not removed: of the GPUs that it has bound ({gpus}) at least one",
                      output)
        self.assertEqual(self.status("nvgpuctl"), "installed")
        self.assertEqual(host.read("/tmp/called"), f"recover\nassert -o json {clean_root.PINNED}\n"
                         f"assert -o json {clean_root.FOREIGN}\nunbind {gpus}\n")

    def test_11_gives_gpus_back_when_it_is_removed(self):
        self.host.write("/usr/sbin/nvgpuctl", clean_root.program_that_says(0, "given back"), 0o755)
        self.assertIn(f"nvgpuctl: giving back {GPU} {clean_root.PINNED}\ngiven back\n",
                      self.succeed("apt-get", "remove", "-y", "nvgpuctl", "nvgpuctl-dkms"))
        self.assertFalse(self.host.exists("/usr/bin/nvgpuctl"))
        self.assertTrue(self.host.exists(HOOK))
        self.assertEqual(self.succeed("dkms", "status"), "")

    def test_12_lets_domains_start_when_only_its_configuration_is_left(self):
        self.host.remove("/usr/sbin/nvgpuctl")
        self.assertEqual(self.host.run(HOOK, "guest", "prepare", "begin", "-")[0], 0)

    def test_13_leaves_nothing_when_it_is_purged(self):
        self.host.write("/etc/nvgpuctl/policy.yaml", "apiVersion: nvgpuctl/v1\n")
        self.succeed("apt-get", "purge", "-y", "nvgpuctl", "nvgpuctl-dkms")
        self.succeed("rm", "-r", "/usr/sbin/uname", "/lib/modules")
        after = self.host.everything()
        self.assertEqual({path: kind for path, kind in after.items() if self.before.get(path) != kind}, {})
        self.assertEqual(set(self.before) - set(after), set())


if __name__ == "__main__":
    SUITE = sys.argv[1]
    if sys.argv[-1] != "--inside":
        clean_root.build("deb", "--ccache", "--suite", SUITE)
        clean_root.build("deb", "--ccache", "--suite", SUITE, "--as-version", OLD)
    clean_root.enter_namespaces(SUITE)
    VERSION = clean_root.version()
    unittest.main(argv=sys.argv[:1], verbosity=2)
