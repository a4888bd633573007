# SPDX-License-Identifier: GPL-2.0-or-later
"""A report that is taken in the host and read outside it, by this machine's
program: what it says is what the host says."""

import json
import subprocess

ARCHIVE = "/run/nvgpuctl-report.tar.gz"
# Of the host only: what runs on it, and what a look at it can open.
OF_THE_HOST = ("holders", "pid", "files", "unit", "command")


def take(lab, *words):
    """The report's file, brought out."""
    lab.host.run(["rm", "-f", ARCHIVE])
    lab.host.run(["nvgpuctl", "report", *words, ARCHIVE], timeout=120)
    path = lab.logs / "nvgpuctl-report.tar.gz"
    path.write_bytes(lab.host.agent.read_file(ARCHIVE))
    return path


def outside(lab, archive, *words):
    """Exit code and document of this machine's program."""
    done = subprocess.run([lab.program, "--root", archive, *words, "-o", "json"],
                          capture_output=True, text=True, timeout=60, check=False)
    if not done.stdout:
        return done.returncode, done.stderr
    return done.returncode, json.loads(done.stdout)


def inside(lab, *words):
    done = lab.host.run(["nvgpuctl", *words, "-o", "json"], check=False, timeout=120)
    return done.code, done.json()


def without(value, keys):
    """The document without some keys, wherever they are."""
    if isinstance(value, dict):
        return {name: without(inner, keys) for name, inner in value.items()
                if name not in keys}
    if isinstance(value, list):
        return [without(inner, keys) for inner in value]
    return value


def differences(here, there, path=""):
    """Places where two documents differ, with both values."""
    if isinstance(here, dict) and isinstance(there, dict):
        return [text for name in sorted({*here, *there})
                for text in differences(here.get(name), there.get(name),
                                        f"{path}.{name}")]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        return [text for i, (one, other) in enumerate(zip(here, there))
                for text in differences(one, other, f"{path}[{i}]")]
    return [] if here == there else [f"{path}: {here!r:.300} and {there!r:.300}"]


def recorded_checks(document):
    """Of validate: what is judged without opening a device."""
    return {check["id"]: check for item in document["items"]
            for section in item["sections"] for check in section["checks"]
            if check["verdict"] != "skipped"}


def same_outside(lab, *verbs, guest=None):
    """Nothing has an alias in this report, so that the documents are equal; but
    a guest that has the GPU is known here by its process, there by its name.
    Gives the report."""
    by_name = f"and 'libvirt runs domain {guest}, which has it'"
    archive = take(lab, "--no-redact")
    for verb in verbs:
        code, here = inside(lab, *verb.split())
        seen, there = outside(lab, archive, *verb.split())
        lab.equal(f"exit code of {verb} outside", seen, code)
        lab.equal(f"what {verb} says otherwise outside", [
            text for text in differences(without(here, OF_THE_HOST),
                                         without(there, OF_THE_HOST))
            if not text.endswith(by_name)], [])
    return archive


def validated_outside(lab, archive):
    here = recorded_checks(inside(lab, "validate", "--all")[1])
    there = recorded_checks(outside(lab, archive, "validate", "--all")[1])
    lab.check("validate judges a report", len(there) > 10, sorted(there))
    lab.equal("what validate says otherwise outside",
              differences({name: here.get(name) for name in there}, there), [])
    print(f"    {len(there)} of {len(here)} checks of validate without the host")
