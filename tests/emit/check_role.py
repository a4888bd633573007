#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_role.py NVGPUCTL HOSTS: a real Ansible plays the role of packaging/ansible
on several hosts, each a recorded one. In check mode it says what is to be done
and does nothing; then it does it, once."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

from hosts import HERE, in_tree, recorded, tree

POLICY = "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n  - {match: %s, driver: variant}\n"
ALL = POLICY % "all"
# Host: its policy, and whether it is applied. Without a GPU, differing, as wanted,
# differing and only looked at, and one whose GPU cannot be bound.
WANTED = {"gb10": (ALL, True), "gh200-96g": (ALL, True), "gh200-x4": (POLICY % '{address: "0019:01:00.0"}', True),
          "gh200-480g": (ALL, False), "bad-no-iommu": (ALL, True)}
FACT, POLICY_FILE, COMPARE, APPLY, ASSERT = (
    "Install the fact", "Write the policy", "Compare the GPUs with the policy", "Apply the policy",
    "Assert that the GPUs are as the policy wants")


def prepare(folder, hosts):
    shutil.copytree(HERE.parent.parent / "packaging/ansible/roles", folder / "roles")
    inventory = {}
    for host in hosts:
        (folder / host.name).mkdir()
        # Ansible's tree is of another Debian; the program runs in this one, where files have
        # other paths.
        start = folder / host.name / "nvgpuctl"
        start.write_text(f'#!/bin/bash\nexec chroot /tmp/host {host.program} --root {host.path} '
                         f'"${{@/#"/tmp/files"/"{folder}"}}"\n')
        start.chmod(0o755)
        there = f"/tmp/files/{host.name}"
        inventory[host.name] = {
            "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3",
            "nvgpuctl_package": "", "nvgpuctl_program": f"{there}/nvgpuctl",
            "nvgpuctl_facts_directory": f"{there}/facts.d", "nvgpuctl_policy": WANTED[host.name][0],
            "nvgpuctl_policy_file": f"{there}/etc/policy.yaml", "nvgpuctl_apply": WANTED[host.name][1]}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": inventory}}))
    (folder / "play.yml").write_text(yaml.safe_dump(
        [{"hosts": "all", "gather_facts": False, "roles": ["nvgpuctl"],
          "tasks": [{"name": "Show", "ansible.builtin.debug": {"msg": "{{ ansible_local | to_json }}"}}]}]))


def play(root, folder, *options):
    """What became of each task on each host, and all that was printed."""
    command = in_tree(root, folder, "env", "ANSIBLE_NOCOLOR=1", "ansible-playbook", "-i", "/tmp/files/inventory.yml",
                      "/tmp/files/play.yml", *options)
    done = subprocess.run(command, capture_output=True, text=True)
    if "PLAY RECAP" not in done.stdout:
        sys.exit(f"ansible-playbook ends with {done.returncode}\n{done.stdout}{done.stderr}")
    became = {}
    task = None
    for line in done.stdout.splitlines():
        if match := re.match(r"TASK \[(?:nvgpuctl : )?(.*?)\]", line):
            task = match.group(1)
        elif match := re.match(r"(ok|changed|skipping|fatal): \[([^\]]+)\]", line):
            became[match.group(2), task] = match.group(1)
    return became, done.stdout


def tree_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def differences(what, became, wanted):
    for key, outcome in wanted.items():
        if became.get(key) != outcome:
            yield f"{what}: {key} is {became.get(key)}, not {outcome}"


def problems_of(root, folder):
    before = tree_of(folder)
    became, text = play(root, folder, "--check", "--diff")
    yield from differences("in check mode", became, {
        ("gh200-96g", FACT): "changed", ("gh200-96g", POLICY_FILE): "changed",
        ("gh200-96g", COMPARE): "changed", ("gh200-96g", APPLY): "skipping", ("gh200-96g", ASSERT): "changed",
        ("gh200-x4", COMPARE): "ok", ("gh200-x4", ASSERT): "ok",            # is as wanted
        ("gb10", COMPARE): "ok", ("gb10", ASSERT): "ok",
        ("gh200-480g", COMPARE): "changed", ("gh200-480g", APPLY): "skipping", ("gh200-480g", ASSERT): "changed",
        ("bad-no-iommu", COMPARE): "changed", ("bad-no-iommu", ASSERT): "changed"})
    if tree_of(folder) != before:
        yield "check mode has written something"
    for words in ("+kind: Policy", "driver: none -> nvgrace_gpu_vfio_pci", "cannot be changed: NVG-E030 no-iommu-group"):
        if words not in text:
            yield f"not shown in check mode: {words}"

    became, text = play(root, folder)
    yield from differences("for real", became, {
        ("gh200-x4", FACT): "changed", ("gh200-x4", POLICY_FILE): "changed", ("gb10", FACT): "changed",
        ("gh200-x4", APPLY): "skipping", ("gh200-x4", ASSERT): "ok",
        ("gh200-96g", COMPARE): "changed", ("gh200-96g", APPLY): "fatal",   # a recorded host cannot be changed
        ("gh200-480g", APPLY): "skipping", ("gh200-480g", ASSERT): "changed",
        ("bad-no-iommu", APPLY): "fatal"})
    if "is a recorded host" not in text:
        yield "it is not shown why the policy is not applied"
    for host in ("gb10", "gh200-x4"):
        if (folder / host / "etc/policy.yaml").read_text() != WANTED[host][0]:
            yield f"{host} has another policy"
        if not re.search(rf"\[{host}\] => \{{\s+\"msg\": \"\{{\\\"nvgpuctl\\\": \{{\\\"api_version", text):
            yield f"{host} has no facts afterwards"

    became, _ = play(root, folder, "--limit", "gh200-x4")
    yield from differences("again", became, {
        ("gh200-x4", FACT): "ok", ("gh200-x4", POLICY_FILE): "ok", ("gh200-x4", COMPARE): "ok",
        ("gh200-x4", ASSERT): "ok"})

    (folder / "gb10/nvgpuctl").unlink()
    became, text = play(root, folder, "--check", "--limit", "gb10")
    yield from differences("in check mode, without the program", became, {
        ("gb10", FACT): "ok", ("gb10", COMPARE): "skipping", ("gb10", ASSERT): "skipping"})
    if "fatal:" in text:
        yield "check mode fails where the program is not installed yet"

    # Drift that appears after the policy was applied fails a host; simulated by a
    # program that finds none before and some afterwards.
    script = folder / "gh200-x4/nvgpuctl"
    script.write_text("#!/bin/sh\ncat >/dev/null\n[ $1 = diff ] || { echo drift; exit 3; }\n")
    became, _ = play(root, folder, "--limit", "gh200-x4")
    yield from differences("with drift", became, {("gh200-x4", COMPARE): "ok", ("gh200-x4", ASSERT): "fatal"})


def main(program, folder):
    root = tree()
    hosts = [host for host in recorded(program, folder) if host.name in WANTED]
    with tempfile.TemporaryDirectory() as name:
        prepare(pathlib.Path(name), hosts)
        problems = list(problems_of(root, pathlib.Path(name)))
    print("\n".join(problems) or f"the role does on {len(hosts)} hosts what it says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
