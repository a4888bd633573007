#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Gives generated domains to the real libvirt of a Debian suite.

    check_domains.py SUITE EMIT_DOMAIN

Each domain that EMIT_DOMAIN lists for the suite must pass the suite's schema
(by virt-xml-validate and by our own check) and `virsh define --validate`, must
come back from libvirt without anything dropped, and its QEMU command line must
be the one in golden/ and start in the suite's own QEMU, with stand-ins for the
GPUs. A domain for a newer libvirt must be told from a wrong one.
UPDATE_GOLDEN=1 rewrites golden/. Exit code 77: not possible here.
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
import xml.etree.ElementTree

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


def listed_cases(emit):
    """All cases with the suites that they must work in."""
    lines = subprocess.check_output([emit], text=True).splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines}


def without_kvm(domain):
    """KVM for this CPU is not to be had here; only that much is changed."""
    domain, types = re.subn(r'(<domain[^>]*) type=(["\'])kvm["\']',
                            r'\1 type=\2qemu\2', domain)
    domain, cpus = re.subn(
        r'<cpu mode=["\']host-passthrough["\'] check=["\']none["\']>',
        '<cpu mode="custom" match="exact"><model>cortex-a57</model>', domain)
    assert types == cpus == 1, "the domain does not look as expected"
    return domain


def distance_rows(matrix):
    """The distances as a table: a line each would hide all else."""
    nodes = sorted({node for pair in matrix for node in pair})
    for a in nodes:
        row = [matrix.get((a, b), ".") for b in nodes]
        yield f"distances from {a}: {' '.join(row)}\n"


def guest_part(argv):
    """The options that make up the guest, one a line."""
    words = shlex.split(argv)
    pairs = [(o, v) for o, v in zip(words, words[1:]) if o in OPTIONS]
    lines = []
    distances = {}
    for option, value in pairs:
        if any(f'"qom-type":"{name}"' in value for name in OWN_OBJECTS):
            continue
        dist = re.match(r"dist,src=(\d+),dst=(\d+),val=(\d+)$", value)
        if dist:
            distances[int(dist[1]), int(dist[2])] = dist[3]
            continue
        value = re.sub(r"^virt-[0-9.]+", "virt-N", value)
        lines.append(f"{option} {value}\n")
    return lines + list(distance_rows(distances))


def startable(argv):
    """The guest's options for a QEMU without KVM, IOMMU and GPUs: what says
    where things are stays, what needs the real hardware goes."""
    words = shlex.split(argv)
    arguments = ["-cpu", "cortex-a57"]
    for option, value in zip(words, words[1:]):
        if option not in OPTIONS or re.search(
                '"qom-type":"(secret|monitor-qmp|iommufd)"|^iommufd,', value):
            continue
        if option == "-m":
            value = "size=" + str(MEMORY_MIB * value_count(words))
        value = re.sub(r",pflash[01]=[^,]*", "", value)
        value = re.sub(r'"size":\d+,"host-nodes":\[\d\],"policy":"bind"',
                       f'"size":{MEMORY_MIB << 20}', value)
        value = re.sub(r'"(host|iommufd)":"[^"]*",|,"(iommufd)":"[^"]*"', "",
                       value)
        value = re.sub(r'"driver":"vfio-pci"(.*),"rombar":0',
                       r'"driver":"virtio-rng-pci"\1', value)
        value = re.sub(r',"accel":true.*}', "}", value)
        arguments += [option, value]
    return arguments


def value_count(words):
    """How many cells have memory."""
    return sum(word.startswith("node,") and "memdev" in word for word in words)


MEMORY_MIB = 64
KIB = {"KiB": 1, "MiB": 1 << 10, "GiB": 1 << 20}


def plain(element):
    """An element's attributes and text, sizes in KiB."""
    attributes = dict(element.attrib)
    text = (element.text or "").strip()
    unit = KIB.get(attributes.pop("unit", None), 1)
    if unit > 1 and "memory" in attributes:
        attributes["memory"] = str(int(attributes["memory"]) * unit)
    elif unit > 1:
        text = str(int(text) * unit)
    if element.tag == "type":
        attributes["machine"] = re.sub("-.*", "", attributes["machine"])
    return attributes, text


def dropped(ours, theirs, path=""):
    """What of our element is not in libvirt's; None when all of it is."""
    path += "/" + ours.tag
    mine, my_text = plain(ours)
    has, its_text = plain(theirs)
    for name, value in mine.items():
        if has.get(name) != value:
            return f"{path}: {name}={value} became {has.get(name)}"
    if my_text != its_text:
        return f"{path}: {my_text} became {its_text}"
    left = list(theirs)
    for child in ours:
        same = [c for c in left if c.tag == child.tag]
        problems = []
        for candidate in same:
            problem = dropped(child, candidate, path)
            if problem is None:
                left.remove(candidate)
                break
            problems.append(problem)
        else:
            return problems[0] if problems else f"{path}: no <{child.tag}>"
    return None


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

    def check_golden(self, case, argv, folder="."):
        lines = guest_part(argv)
        golden = HERE / "golden" / folder / f"{case}.{self.name}.args"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            golden.parent.mkdir(exist_ok=True)
            golden.write_text("".join(lines))
        wanted = golden.read_text() if golden.exists() else ""
        diff = "".join(difflib.unified_diff(wanted.splitlines(True), lines,
                                            str(golden), "now"))
        self.report(case, "golden", diff or (None if lines else "empty"))

    def check_dump(self, case, dump):
        sent = self.directory / f"{case}.tcg.xml"
        problem = dropped(xml.etree.ElementTree.parse(sent).getroot(),
                          xml.etree.ElementTree.fromstring(dump))
        self.report(case, "dropped", problem)

    def check(self, case):
        for check in ("schema", "test"):
            _, problem = self.result(f"{case}.{check}")
            self.report(case, check, problem)
        dump, problem = self.result(f"{case}.tcg.define")
        self.report(case, "define", problem)
        if not problem:
            self.check_dump(case, dump[dump.index("<domain"):])
        argv, problem = self.result(f"{case}.tcg.argv")
        if problem:
            self.report(case, "argv", problem)
        else:
            self.check_golden(case, argv)

    def check_start(self, root, cases):
        for path in self.directory.glob("*.xml"):
            path.unlink()
        for case in cases:
            argv, problem = self.result(f"{case}.tcg.argv")
            if not problem:
                (self.directory / f"{case}.qemu").write_text(
                    "".join(f"{word}\0" for word in startable(argv)))
        run_in_root(root, self.directory)
        for case in cases:
            _, problem = self.result(f"{case}.start")
            self.report(case, "start", problem)

    def check_verdict(self, emit, case, schema, wanted):
        """Our own check of the domain against this suite's schema."""
        verdict = run(emit, case, schema, stdout=subprocess.PIPE)
        first = verdict.stdout.partition("\n")[0]
        self.report(case, f"verdict {wanted}",
                    None if first == wanted else verdict.stdout or "no answer")


def run_in_root(root, directory):
    done = run("unshare", "--mount", "--net", "--pid", "--fork",
               "--kill-child", HERE / "in_root.sh", root, directory)
    if done.returncode != 0:
        sys.exit(f"in_root.sh failed with exit code {done.returncode}")


def main():
    suite, emit = sys.argv[1:]
    cases = listed_cases(emit)
    fit = [case for case, suites in cases.items() if suite in suites]
    if not fit:
        sys.exit(f"no case is listed for {suite}")
    if os.geteuid() != 0:
        skip("mounting in a private namespace needs root")
    root = suite_root(suite)
    schema = f"{root}/usr/share/libvirt/schemas/domain.rng"
    with tempfile.TemporaryDirectory(prefix="nvgpuctl-libvirt-") as directory:
        for case in fit:
            domain = subprocess.check_output([emit, case], text=True)
            path = pathlib.Path(directory) / f"{case}.xml"
            path.write_text(domain)
            path.with_suffix(".tcg.xml").write_text(without_kvm(domain))
        run_in_root(root, directory)
        checked = Suite(suite, directory)
        version = (checked.directory / "libvirt-version").read_text().strip()
        print(f"# Debian {suite}: libvirt {version}, {len(fit)} domains")
        for case in cases:
            if case in fit:
                checked.check(case)
            checked.check_verdict(emit, case, schema,
                                  "valid" if case in fit else "too old")
        # Debian 12's QEMU is too old for every profile.
        if suite != "bookworm":
            checked.check_start(root, fit)
    print(f"{checked.passed} passed, {checked.failures} failed")
    sys.exit(1 if checked.failures else 0)


if __name__ == "__main__":
    main()
