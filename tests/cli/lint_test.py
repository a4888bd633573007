#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `xml generate` writes for a host, `xml lint` finds right for that host.

    lint_test.py NVGPUCTL HOSTS

Every recorded host, with its GPUs that can be passed through, for each profile
and kind of vIOMMU. What lint has to say is what the generator warns of as well:
an SMMU that is only emulated, and what is wrong with the host itself.
"""
import itertools
import json
import pathlib
import subprocess
import sys

# Versions and the profile for them; None is the host's own.
TARGETS = [(None, "auto"), (("12.8", "11.1"), "native"), (("12.8", "11.1"), "hybrid"),
           (("12.0", "11.0"), "hybrid"), (("11.8", "10.1"), "hybrid"),
           (("11.3", "10.0"), "legacy"), (("12.8", "11.1"), "legacy")]
VIOMMUS = ["none", "smmuv3", "accel"]


def run(program, tree, *words, text=None):
    return subprocess.run([program, "--root", tree, *words], input=text, capture_output=True,
                          text=True, check=False, timeout=60)


def good_gpus(program, tree):
    listed = json.loads(run(program, tree, "list", "-o", "json").stdout)["items"]
    return [gpu["address"] for gpu in listed
            if all(finding["severity"] != "error" for finding in gpu["findings"])]


def selections(gpus):
    """All of them and, where there are several, the last alone."""
    return [gpus, gpus[-1:]] if len(gpus) > 1 else [gpus] if gpus else []


def kvm_maps_device_memory(program, tree):
    explained = json.loads(run(program, tree, "explain", "-o", "json").stdout)["items"]
    return any(finding["id"] == "NVG-W052" for gpu in explained for finding in gpu["findings"])


def unexpected(program, tree, gpus, target, viommu, allowed):
    """What is wrong, or nothing; and whether there was a domain at all."""
    versions, profile = target
    options = ["--libvirt", versions[0], "--qemu", versions[1]] if versions else []
    made = run(program, tree, "xml", "generate", *gpus, "--whole-domain", "--memory", "8GiB",
               "--profile", profile, "--viommu", viommu, *options)
    if made.returncode != 0:  # this target cannot have such a vIOMMU
        return None, False
    done = run(program, tree, "xml", "lint", "-", "-o", "json", *options, text=made.stdout)
    if done.returncode not in (0, 3):
        return done.stderr, True
    item, = json.loads(done.stdout)["items"]
    found = {finding["id"] for finding in item["findings"] if finding["severity"] != "remark"}
    wanted = allowed | ({"smmu-emulated"} if viommu == "smmuv3" else set())
    if item["gpus"] != gpus:
        return f"the domain's GPUs are {item['gpus']}", True
    return (f"{found} instead of {wanted}" if found != wanted else None), True


def main():
    program, hosts = sys.argv[1:]
    problems, checked = [], 0
    for tree in sorted(path for path in pathlib.Path(hosts).iterdir() if path.is_dir()):
        gpus = good_gpus(program, tree)
        allowed = {"kvm-device-memory"} if kvm_maps_device_memory(program, tree) else set()
        for selected, target, viommu in itertools.product(selections(gpus), TARGETS, VIOMMUS):
            problem, made = unexpected(program, tree, selected, target, viommu, allowed)
            checked += made
            if problem:
                problems.append(f"{tree.name}: {selected}, {target}, {viommu}: {problem}")
    if checked < 100:
        problems.append(f"only {checked} domains were generated")
    print("\n".join(problems) or f"{checked} generated domains are right for their hosts")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
