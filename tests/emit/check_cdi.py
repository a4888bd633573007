#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_cdi.py NVGPUCTL HOSTS: the emitted CDI files follow CDI's own schema, as
Debian's source of the library has it, and the rules of its version 0.3.0."""
import json
import re
import sys

import jsonschema

from hosts import emitted, recorded, tree

# What CDI's library checks beyond the schema (pkg/parser, pkg/cdi/version.go).
KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]/[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*[A-Za-z0-9]")
# hostPath came with 0.5.0.
NODE = {"path", "permissions"}


def closed(schema):
    """The schema, with unknown members forbidden: the library refuses them."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        schema = [closed(value) for value in schema]
    return schema


def upstream(root):
    folder = root / "data/usr/share/gocode/src/tags.cncf.io/container-device-interface/schema"
    schema, definitions = (closed(json.loads((folder / name).read_text())) for name in ("schema.json", "defs.json"))
    resolver = jsonschema.RefResolver("", schema, store={"defs.json": definitions})
    return jsonschema.Draft7Validator(schema, resolver=resolver)


def problems_of(validator, host, spec):
    yield from (f"{error.json_path}: {error.message}" for error in validator.iter_errors(spec))
    if spec["cdiVersion"] != "0.3.0" or not KIND.fullmatch(spec["kind"]):
        yield f"{spec['cdiVersion']} {spec['kind']}"
    bound = [gpu for gpu in host.gpus if gpu["state"] == "bound"]
    if [device["name"] for device in spec["devices"]] != [
            "pci_" + re.sub("[:.]", "_", gpu["address"]) for gpu in bound]:
        yield "not one device for each bound GPU"
    for gpu, device in zip(bound, spec["devices"]):
        nodes = device["containerEdits"]["deviceNodes"]
        paths = [node["path"] for node in nodes]
        if not NAME.fullmatch(device["name"]) or any(set(node) != NODE for node in nodes):
            yield f"{device['name']}: more than version 0.3.0 has"
        if f"/dev/vfio/{gpu['iommu']['group']['number']}" not in paths or "/dev/vfio/vfio" not in paths:
            yield f"{device['name']}: {paths}"


def main(program, folder):
    validator = upstream(tree())
    # The schema itself must be able to complain.
    if validator.is_valid({"cdiVersion": "0.3.0", "kind": "a/b", "devices": [{"name": "x"}]}):
        print("CDI's schema takes a device without edits")
        return 1
    pairs = emitted(recorded(program, folder), "cdi")
    problems = [f"{host.name}: {problem}" for host, text in pairs
                for problem in problems_of(validator, host, json.loads(text))]
    print("\n".join(problems) or f"the CDI files of {len(pairs)} hosts are right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
