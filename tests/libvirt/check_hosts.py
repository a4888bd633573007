#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives the domains of recorded hosts to the libvirt of a Debian suite.

    check_hosts.py SUITE NVGPUCTL HOSTS

For each host whose GPUs are known well enough and each profile that the suite's libvirt takes:
a whole domain with all its GPUs, as `nvgpuctl xml generate` prints it, and what
`nvgpuctl xml merge` makes of the domains in tests/data/merge/. Each must pass
our own check with the suite's schema, virt-xml-validate, `virsh define
--validate` by the test and the QEMU driver, and come back without anything
dropped. The QEMU command line of a whole domain must be the one in
golden/hosts/. What libvirt made of a merged domain must need no second merge,
and its unmerge must leave a domain without anything of ours that libvirt
defines, too. UPDATE_GOLDEN=1 rewrites golden/. Exit code 77: not possible here.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import check_domains

DATA = check_domains.HERE.parent / "data" / "merge"
# Options by profile. A suite's libvirt takes what an older one takes.
NATIVE = {"native": ("--libvirt", "12.8", "--qemu", "11.1", "--viommu", "none"),
          "accel": ("--libvirt", "12.8", "--qemu", "11.1", "--viommu", "accel"),
          "hybrid": ("--libvirt", "11.10", "--qemu", "11.0", "--viommu", "accel")}
LEGACY = {"legacy": ("--libvirt", "11.3", "--qemu", "10.0")}
OLDEST = {"oldest": ("--libvirt", "9.7", "--qemu", "10.0")}
PROFILES = {"forky": NATIVE | LEGACY, "trixie": LEGACY, "bookworm": OLDEST}
# One GPU, several sockets with one each, two sockets with two each.
ALL_RIGHT = ("gh200-", "gb200", "gb300")
MERGED_ON = ("gh200-96g", "gh200-144g-nvl2", "gb200")


class Program:
    def __init__(self, path, host, schema):
        self.words = (path, "--root", host, "xml")
        self.schema = schema

    def run(self, verb, *words, **options):
        return check_domains.run(*self.words, verb, *words, **options,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def generate(self, name, options):
        return self.run("generate", "--all", "--whole-domain", "--name", name,
                        "--schema", self.schema, *options)

    def merge(self, domain, options):
        return self.run("merge", "--all", "--schema", self.schema, *options, domain)


def as_kvm(domain):
    """The only thing in which libvirt's answer is not what was merged."""
    return re.sub(r"(<domain[^>]*) type='qemu'", r"\1 type='kvm'", domain, count=1)


class Hosts:
    def __init__(self, suite, directory, root):
        self.checked = check_domains.Suite(suite, directory)
        self.directory = pathlib.Path(directory)
        self.root = root
        self.merged = {}  # case → how to merge it again
        self.whole = []
        self.names = []

    def add(self, case, done):
        """A domain that was printed, to be given to libvirt."""
        problem = None
        if done.returncode != 0:
            problem = f"exit code {done.returncode}: {done.stderr}"
        elif "not validated" in done.stderr:
            problem = done.stderr
        self.checked.report(case, "printed", problem)
        if problem is None:
            path = self.directory / f"{case}.xml"
            path.write_text(done.stdout)
            path.with_suffix(".tcg.xml").write_text(
                check_domains.without_kvm(done.stdout))
        return problem is None

    def add_host(self, name, program, profiles):
        for profile, options in profiles.items():
            case = f"{name}-{profile}"
            if self.add(case, program.generate(case, options)):
                self.whole.append(case)
            for domain in ("plain", "tuned") if name in MERGED_ON else ():
                merged = f"{case}-{domain}"
                done = program.merge(DATA / f"{domain}.xml", options)
                # Each with a name of its own, for libvirt keeps all.
                done.stdout = re.sub("<name>.*?</name>.*?(?=<metadata>)",
                                     f"<name>{merged}</name>", done.stdout,
                                     count=1, flags=re.DOTALL)
                if self.add(merged, done):
                    self.merged[merged] = (program, options)

    def check_answer(self, case):
        for check in ("schema", "test"):
            self.checked.report(case, check,
                                self.checked.result(f"{case}.{check}")[1])
        dump, problem = self.checked.result(f"{case}.tcg.define")
        self.checked.report(case, "define", problem)
        if problem:
            return None
        dump = dump[dump.index("<domain"):]
        self.checked.check_dump(case, dump)
        return dump

    def check_again(self, case, dump):
        """Prints what the unmerge leaves of libvirt's answer."""
        program, options = self.merged[case]
        again = program.run("merge", "--all", *options, "-", "--diff",
                            input=as_kvm(dump))
        self.checked.report(case, "merge again",
                            again.stderr + again.stdout
                            if again.returncode or again.stdout else None)
        left = program.run("unmerge", "-", input=dump)
        problem = left.stderr or None
        if re.search("nvgpu|<cell id='[2-9]|pcihole64|commandline|expander-bus",
                     left.stdout.replace("index='3' model='pcie-expander-bus'", "")
                     .replace(case, "")):
            problem = left.stdout
        self.checked.report(case, "unmerge", problem)
        return left.stdout

    def check(self):
        check_domains.run_in_root(self.root, self.directory)
        left = {}
        for case in self.whole + list(self.merged):
            dump = self.check_answer(case)
            argv, problem = self.checked.result(f"{case}.tcg.argv")
            # Debian 12's QEMU is too old for every profile.
            if self.checked.name != "bookworm":
                self.checked.report(case, "argv", problem)
                if not problem and case in self.whole:
                    self.checked.check_golden(case, argv, "hosts")
            if dump and case in self.merged:
                left[case] = self.check_again(case, dump)
        self.check_left(left)

    def check_left(self, domains):
        """What the unmerge left is a domain that libvirt takes."""
        for path in self.directory.iterdir():
            if path.is_file():
                path.unlink()
        for case, domain in domains.items():
            (self.directory / f"{case}.tcg.xml").write_text(domain)
        check_domains.run_in_root(self.root, self.directory)
        for case in domains:
            _, problem = self.checked.result(f"{case}.tcg.define")
            self.checked.report(case, "define what the unmerge left", problem)


def main():
    suite, program, folder = sys.argv[1:]
    names = sorted(path.name for path in pathlib.Path(folder).iterdir()
                   if path.is_dir())
    root = check_domains.suite_root(suite)
    schema = f"{root}/usr/share/libvirt/schemas/domain.rng"
    with tempfile.TemporaryDirectory(prefix="nvgpuctl-libvirt-") as directory:
        hosts = Hosts(suite, directory, root)
        for name in names:
            one = Program(program, f"{folder}/{name}", schema)
            # Of some broken hosts it is not known what their GPUs need, and
            # some have none.
            if one.generate(name, next(iter(PROFILES[suite].values()))).returncode == 0:
                hosts.add_host(name, one, PROFILES[suite])
                hosts.names.append(name)
        missing = {name for name in names if name.startswith(ALL_RIGHT)
                   and not name.endswith("-noroot")} - set(hosts.names)
        if missing or len(hosts.names) < 7:
            sys.exit(f"no domain of {missing or 'so few hosts'}")
        hosts.check()
    print(f"{hosts.checked.passed} passed, {hosts.checked.failures} failed")
    sys.exit(1 if hosts.checked.failures else 0)


if __name__ == "__main__":
    main()
