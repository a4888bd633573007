#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives generated domains to the real libvirt of a Debian suite.

    check_domains.py SUITE EMIT_DOMAIN

Each domain that EMIT_DOMAIN lists for the suite must pass the suite's schema
and `virsh define --validate`, and its QEMU command line must be the one in
golden/. UPDATE_GOLDEN=1 rewrites those. Exit code 77: not possible here.
"""
import ctypes
import difflib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
# Options of QEMU that say what the guest is. Everything else (monitor,
# sandbox, firmware files) is libvirt's own business and changes with it.
OPTIONS = ("-machine", "-accel", "-m", "-smp", "-object", "-numa", "-device")
OWN_OBJECTS = ("secret", "monitor-qmp")


def skip(reason):
    """In CI everything must run: a skip there would hide a missing tool."""
    failed = os.environ.get("CI") == "true"
    print(f"{'FAILED' if failed else 'SKIPPED'}: {reason}")
    sys.exit(1 if failed else SKIP)


def die_with_parent():
    """When ctest kills this script, its children must not live on."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*command, **options):
    return subprocess.run(command, text=True, check=False,
                          preexec_fn=die_with_parent, **options)


def suite_root(suite):
    made = run(HERE / "roots.sh", "path", suite, stdout=subprocess.PIPE)
    if made.returncode == SKIP:
        skip(f"no Debian {suite} tree; see the line above")
    if made.returncode != 0:
        sys.exit(f"roots.sh failed with exit code {made.returncode}")
    return made.stdout.strip()


def listed_cases(emit, suite):
    lines = subprocess.check_output([emit], text=True).splitlines()
    return [line.split()[0] for line in lines if suite in line.split()[1:]]


def without_kvm(xml):
    """KVM for this CPU is not to be had here; only that much is changed."""
    xml, types = re.subn(r'(<domain[^>]*) type="kvm"', r'\1 type="qemu"', xml)
    xml, cpus = re.subn(
        r'<cpu mode="host-passthrough" check="none">',
        '<cpu mode="custom" match="exact"><model>cortex-a57</model>', xml)
    assert types == cpus == 1, "the domain does not look as expected"
    return xml


def guest_part(argv):
    """The options that make up the guest, one a line."""
    words = shlex.split(argv)
    pairs = [(o, v) for o, v in zip(words, words[1:]) if o in OPTIONS]
    lines = []
    for option, value in pairs:
        if any(f'"qom-type":"{name}"' in value for name in OWN_OBJECTS):
            continue
        value = re.sub(r"^virt-[0-9.]+", "virt-N", value)
        lines.append(f"{option} {value}\n")
    return lines


class Suite:
    def __init__(self, name, directory):
        self.name = name
        self.directory = pathlib.Path(directory)
        self.failures = 0
        self.passed = 0

    def report(self, case, check, problem):
        print(f"{'not ok' if problem else 'ok'} {self.name} {case} {check}")
        if problem:
            self.failures += 1
            print("    " + problem.rstrip().replace("\n", "\n    "))
        else:
            self.passed += 1

    def result(self, name):
        """What a check printed, and None or what went wrong."""
        path = self.directory / name
        rc = path.with_name(path.name + ".rc")
        if not rc.exists():
            return "", "the check did not run"
        out = path.with_name(path.name + ".out").read_text()
        err = path.with_name(path.name + ".err").read_text()
        code = rc.read_text().strip()
        return out, None if code == "0" else f"exit code {code}\n{out}{err}"

    def check_golden(self, case, argv):
        lines = guest_part(argv)
        golden = HERE / "golden" / f"{case}.{self.name}.args"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            golden.parent.mkdir(exist_ok=True)
            golden.write_text("".join(lines))
        wanted = golden.read_text() if golden.exists() else ""
        diff = "".join(difflib.unified_diff(wanted.splitlines(True), lines,
                                            str(golden), "now"))
        self.report(case, "golden", diff or (None if lines else "empty"))

    def check(self, case):
        for check in ("schema", "test"):
            _, problem = self.result(f"{case}.{check}")
            self.report(case, check, problem)
        _, problem = self.result(f"{case}.tcg.define")
        self.report(case, "define", problem)
        argv, problem = self.result(f"{case}.tcg.argv")
        if problem:
            self.report(case, "argv", problem)
        else:
            self.check_golden(case, argv)


def main():
    suite, emit = sys.argv[1:]
    cases = listed_cases(emit, suite)
    if not cases:
        sys.exit(f"no case is listed for {suite}")
    if os.geteuid() != 0:
        skip("mounting in a private namespace needs root")
    root = suite_root(suite)
    with tempfile.TemporaryDirectory(prefix="nvgpuctl-libvirt-") as directory:
        for case in cases:
            xml = subprocess.check_output([emit, case], text=True)
            path = pathlib.Path(directory) / f"{case}.xml"
            path.write_text(xml)
            path.with_suffix(".tcg.xml").write_text(without_kvm(xml))
        done = run("unshare", "--mount", "--net", "--pid", "--fork",
                   "--kill-child", HERE / "in_root.sh", root, directory)
        if done.returncode != 0:
            sys.exit(f"in_root.sh failed with exit code {done.returncode}")
        checked = Suite(suite, directory)
        version = (checked.directory / "libvirt-version").read_text().strip()
        print(f"# Debian {suite}: libvirt {version}, {len(cases)} domains")
        for case in cases:
            checked.check(case)
    print(f"{checked.passed} passed, {checked.failures} failed")
    sys.exit(1 if checked.failures else 0)


if __name__ == "__main__":
    main()
