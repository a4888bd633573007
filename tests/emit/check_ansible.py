#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_ansible.py NVGPUCTL HOSTS: a real Ansible gathers the emitted facts, by
running the program itself."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from hosts import emitted, in_tree, recorded, tree

# One without a GPU, one with several in different states, one plain.
HOSTS = ("gb10", "gh200-x4", "gh200-96g")
STATES = ("ready", "unknown", "bound", "degraded", "blocked", "needs-operator")


def gathered(root, host):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        fact = folder / "nvgpuctl.fact"
        # Ansible's tree is of another Debian; the program runs in this one.
        fact.write_text(f"#!/bin/sh\nexec chroot /tmp/host {host.program} --root {host.path} emit ansible\n")
        fact.chmod(0o755)
        command = in_tree(root, folder, "ansible", "localhost", "--connection", "local", "--module-name", "setup",
                          "--args", "fact_path=/tmp/files gather_subset=!all,!min,local filter=ansible_local")
        done = subprocess.run(command, capture_output=True, text=True)
    match = re.search(r"SUCCESS => (\{.*\})", done.stdout, re.S)
    if done.returncode != 0 or not match:
        sys.exit(f"{host.name}: ansible ends with {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(match.group(1))["ansible_facts"]["ansible_local"]["nvgpuctl"]


def problems_of(host, facts):
    if facts["gpu_count"] != len(host.gpus):
        yield f"gpu_count is {facts['gpu_count']}"
    states = [gpu["state"] for gpu in host.gpus]
    if facts["states"] != {state: states.count(state) for state in STATES}:
        yield f"{facts['states']} of {states}"
    for gpu, fact in zip(host.gpus, facts["gpus"], strict=True):
        reasons = sorted({finding["id"] for finding in gpu["findings"]})
        if (fact["address"], fact["state"], fact["reasons"]) != (gpu["address"], gpu["state"], reasons):
            yield f"{fact} is not {gpu['address']}"


def main(program, folder):
    root = tree()
    hosts = recorded(program, folder)
    pairs = [(host, json.loads(text)) for host, text in emitted(hosts, "ansible")]
    problems = []
    if len(pairs) != len(hosts):
        problems.append("a host has no facts")
    for host, facts in pairs:
        problems += [f"{host.name}: {problem}" for problem in problems_of(host, facts)]
        if host.name in HOSTS and gathered(root, host) != facts:
            problems.append(f"{host.name}: Ansible gathers something else")
    print("\n".join(problems) or f"the facts of {len(pairs)} hosts are right; Ansible gathered those of {HOSTS}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
