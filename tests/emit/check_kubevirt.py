#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_kubevirt.py NVGPUCTL HOSTS: the emitted patches follow kubevirt.schema.json,
a schema of ours for this part of KubeVirt's custom resource, and name each GPU
as NVIDIA's device plugin would by Debian's pci.ids."""
import json
import re
import sys

import jsonschema
import yaml

from hosts import HERE, emitted, ids, recorded, tree


def names_of_nvidia(pci_ids):
    """Device id to name, of vendor 10de."""
    section = re.search(r"^10de .*\n((?:[\t#].*\n)*)", pci_ids, re.M).group(1)
    return dict(re.findall(r"^\t([0-9a-f]{4})  (.*)$", section, re.M))


def in_plugin_spelling(name):
    name = re.sub(r"[/.]", "_", name.upper())
    return re.sub(r"[^A-Z0-9_]", "", re.sub(r"\s+", "_", name))


def resource_name(names, device_id):
    # An id that pci.ids lacks is called by its bare digits.
    name = in_plugin_spelling(names[device_id]) if device_id in names else device_id
    return f"nvidia.com/{name}"


def problems_of(names, host, patch):
    devices = patch["spec"]["configuration"]["permittedHostDevices"]["pciHostDevices"]
    found = [(device["pciVendorSelector"], device["resourceName"]) for device in devices]
    wanted = sorted({(":".join(ids(gpu)).upper(), resource_name(names, ids(gpu)[1])) for gpu in host.passable})
    if found != wanted:
        yield f"{found} is not {wanted}"


def main(program, folder):
    root = tree()
    names = names_of_nvidia((root / "data/usr/share/misc/pci.ids").read_text(encoding="utf-8"))
    schema = json.loads((HERE / "kubevirt.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    problems = []
    pairs = emitted(recorded(program, folder), "kubevirt")
    for host, text in pairs:
        patch = yaml.safe_load(text)
        problems += [f"{host.name}: {error.json_path}: {error.message}" for error in validator.iter_errors(patch)]
        problems += [f"{host.name}: {problem}" for problem in problems_of(names, host, patch)]
    print("\n".join(problems) or f"the patches of {len(pairs)} hosts are right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
