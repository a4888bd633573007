#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_nova.py NVGPUCTL HOSTS: Nova, as Debian trixie has it, reads what is
emitted for every recorded host, and hands out exactly the GPUs that work."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from hosts import HERE, emitted, ids, in_tree, recorded, tree


def as_device(gpu):
    """What Nova is told of a function by libvirt."""
    vendor, product = ids(gpu)
    return {"vendor_id": vendor, "product_id": product, "address": gpu["address"],
            "parent_addr": None, "dev_type": "type-PCI", "capabilities": {}}


def another(gpu):
    """A function of the same model that nobody spoke of."""
    return {**as_device(gpu), "address": "0001:02:03.0"}


def ask(root, pairs):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        cases = []
        for host, text in pairs:
            (folder / f"{host.name}.conf").write_text(text, encoding="utf-8")
            cases.append({"file": f"/tmp/files/{host.name}.conf",
                          "devices": [as_device(gpu) for gpu in host.gpus] + [another(host.gpus[0])]})
        (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
        shutil.copy(HERE / "nova_reads.py", folder)
        command = in_tree(root, folder, "python3", "/tmp/files/nova_reads.py", "/tmp/files/cases.json")
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def problems_of(host, answer):
    *gpus, stranger = answer["assignable"]
    if stranger is not None:
        yield "a function that is not named is handed out"
    for gpu, tags in zip(host.gpus, gpus):
        if (tags is not None) != (gpu in host.passable):
            yield f"{gpu['address']} is {gpu['state']}, and Nova has {tags}"
        # Nova's own spelling of "managed": "no".
        if tags is not None and tags != {"managed": "false"}:
            yield f"{gpu['address']}: Nova read the tags {tags}"
    wanted = {ids(gpu) for gpu in host.passable}
    found = set()
    for name, alias in answer["aliases"].items():
        (spec,) = alias["spec"]
        found.add((spec["vendor_id"], spec["product_id"]))
        if alias["numa_policy"] != "preferred" or alias["count"] != 1:
            yield f"alias {name}: {alias}"
        if spec["dev_type"] not in ("type-PCI", "type-PF"):
            yield f"alias {name}: {spec}"
    if found != wanted:
        yield f"aliases are for {found}, GPUs are {wanted}"


def main(program, folder):
    root = tree()
    pairs = emitted(recorded(program, folder), "nova")
    answers = ask(root, pairs)
    problems = [f"{host.name}: {problem}" for (host, _), answer in zip(pairs, answers, strict=True)
                for problem in problems_of(host, answer)]
    print("\n".join(problems) or f"Nova reads the configuration of {len(pairs)} hosts")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
