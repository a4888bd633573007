#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_role.py NVGPUCTL HOSTS: a real Ansible plays the role of packaging/ansible
on several hosts, each a recorded one. In check mode it says what is to be done
and does nothing; then it does it, once."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

from hosts import HERE, in_tree, recorded, tree

POLICY = "apiVersion: nvgpuctl/v1\nkind: Policy\n"
# Name: GPUs that are to be bound, and whether they are.
WANTED = {"gh200-96g": (["0009:01:00.0"], False), "gh200-x4": (["0019:01:00.0"], True), "gb10": ([], True),
          "bad-c2c-down": (["0009:01:00.0"], None)}


def prepare(folder, program, hosts):
    roles = HERE.parent.parent / "packaging/ansible/roles"
    shutil.copytree(roles, folder / "roles")
    inventory = {}
    for host in hosts:
        home = folder / host.name
        home.mkdir()
        # Ansible's tree is of another Debian; the program runs in this one.
        start = home / "nvgpuctl"
        start.write_text(f'#!/bin/sh\nexec chroot /tmp/host {program} --root {host.path} "$@"\n')
        start.chmod(0o755)
        there = f"/tmp/files/{host.name}"
        inventory[host.name] = {
            "ansible_connection": "local", "nvgpuctl_package": "", "nvgpuctl_program": f"{there}/nvgpuctl",
            "nvgpuctl_facts_directory": f"{there}/facts.d", "nvgpuctl_policy": POLICY,
            "nvgpuctl_policy_file": f"{there}/etc/policy.yaml", "nvgpuctl_bind": WANTED[host.name][0]}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": inventory}}))
    (folder / "play.yml").write_text(yaml.safe_dump(
        [{"hosts": "all", "gather_facts": False, "roles": ["nvgpuctl"]}]))


def play(root, folder, *options):
    """What ansible-playbook's JSON says of each host, task by task."""
    command = in_tree(root, folder, "env", "ANSIBLE_STDOUT_CALLBACK=ansible.posix.json", "ANSIBLE_LOCAL_TEMP=/tmp/home",
                      "python3", "/tmp/files/run.py", *options)
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout.startswith("{"):
        sys.exit(f"ansible-playbook ends with {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def results(said, host):
    return {task["task"]["name"].removeprefix("nvgpuctl : "): task["hosts"][host]
            for task in said["plays"][0]["tasks"] if host in task["hosts"]}
