#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_files.py NVGPUCTL HOSTS: the real lspci, which OpenNebula's probe calls,
finds by the emitted filter exactly the GPUs of that model, and the features
for NFD follow its guide."""
import re
import subprocess
import sys

import yaml

from hosts import emitted, ids, recorded

# What Kubernetes takes as a label's name and value.
KEY = re.compile(r"nvgpuctl/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
# NFD ignores larger files.
MAXIMAL_BYTES = 64 * 1024


def probe(host, pattern):
    """Addresses in the words of the probe's own call."""
    text = subprocess.run(["lspci", "-O", f"sysfs.path={host.path}/sys/bus/pci", "-mmnn", "-d", pattern],
                          check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in text.splitlines()}


def problems_for_opennebula(host, text):
    config = yaml.safe_load(text)
    if set(config) != {":filter", ":short_address", ":device_name", ":nvidia_vendors"}:
        yield f"keys {set(config)}"
    wanted = {ids(gpu) for gpu in host.passable}
    if {tuple(pattern.split(":")) for pattern in config[":filter"]} != wanted:
        yield f"{config[':filter']} is not {wanted}"
    found = set().union(*(probe(host, pattern) for pattern in config[":filter"]))
    same = {gpu["address"] for gpu in host.gpus if ids(gpu) in wanted}
    if found != same:
        yield f"lspci finds {found}, not {same}"


def problems_for_nfd(host, text):
    if len(text) > MAXIMAL_BYTES:
        yield "too large"
    features = {}
    for line in text.splitlines():
        if line.startswith("#"):
            if line.startswith("# +"):
                yield f"a directive: {line}"
            continue
        key, _, value = line.partition("=")
        if not KEY.fullmatch(key) or not VALUE.fullmatch(value) or key in features:
            yield f"no feature: {line}"
        features[key] = value
    if features["nvgpuctl/gpu.count"] != str(len(host.gpus)):
        yield f"{features} for {len(host.gpus)} GPUs"
    healthy = bool(host.gpus) and all(gpu["state"] in ("ready", "bound") for gpu in host.gpus)
    if features["nvgpuctl/gpu.healthy"] != str(healthy).lower():
        yield f"healthy is {features['nvgpuctl/gpu.healthy']}"


def main(program, folder):
    hosts = recorded(program, folder)
    problems = []
    for target, check in (("opennebula", problems_for_opennebula), ("nfd", problems_for_nfd)):
        pairs = emitted(hosts, target)
        problems += [f"{target}: {host.name}: {problem}" for host, text in pairs for problem in check(host, text)]
        print(f"{target}: {len(pairs)} hosts")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
