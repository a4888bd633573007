#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives the domains of recorded hosts to the libvirt of a Debian suite.

    check_hosts.py SUITE NVGPUCTL HOSTS

For each host that is all right: a whole domain with all its GPUs, as `nvgpuctl
xml generate` prints it for the suite's versions, must pass our own check with
the suite's schema, virt-xml-validate, `virsh define --validate` by the test and
the QEMU driver, and come back without anything dropped; libvirt must make a
QEMU command line of it. Exit code 77: not possible here.
"""
import pathlib
import subprocess
import sys
import tempfile

import check_domains

VERSIONS = {"forky": ("12.8", "11.1"), "trixie": ("11.3", "10.0")}


def generate(program, host, suite, schema):
    libvirt, qemu = VERSIONS[suite]
    return check_domains.run(
        program, "--root", host, "xml", "generate", "--all", "--whole-domain",
        "--name", pathlib.Path(host).name,
        "--libvirt", libvirt, "--qemu", qemu, "--schema", schema,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def main():
    suite, program, hosts = sys.argv[1:]
    names = sorted(path.name for path in pathlib.Path(hosts).iterdir()
                   if path.name.startswith(("gh200-", "gb200", "gb300"))
                   and path.is_dir() and not path.name.endswith("-noroot"))
    if len(names) < 7:
        sys.exit(f"only {len(names)} recorded hosts in {hosts}")
    root = check_domains.suite_root(suite)
    schema = f"{root}/usr/share/libvirt/schemas/domain.rng"
    with tempfile.TemporaryDirectory(prefix="nvgpuctl-libvirt-") as directory:
        checked = check_domains.Suite(suite, directory)
        made = []
        for name in names:
            done = generate(program, f"{hosts}/{name}", suite, schema)
            problem = None
            if done.returncode != 0:
                problem = f"exit code {done.returncode}: {done.stderr}"
            elif "not validated" in done.stderr:
                problem = done.stderr
            checked.report(name, "generate", problem)
            if problem is None:
                path = pathlib.Path(directory) / f"{name}.xml"
                path.write_text(done.stdout)
                path.with_suffix(".tcg.xml").write_text(
                    check_domains.without_kvm(done.stdout))
                made.append(name)
        check_domains.run_in_root(root, directory)
        for name in made:
            for check in ("schema", "test", "tcg.argv"):
                _, problem = checked.result(f"{name}.{check}")
                checked.report(name, check, problem)
            dump, problem = checked.result(f"{name}.tcg.define")
            checked.report(name, "define", problem)
            if not problem:
                checked.check_dump(name, dump[dump.index("<domain"):])
    print(f"{checked.passed} passed, {checked.failures} failed")
    sys.exit(1 if checked.failures else 0)


if __name__ == "__main__":
    main()
