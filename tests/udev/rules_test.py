#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our udev rule, run by the real udev over a fake /sys.

umockdev gives the fake /sys; a mount namespace of its own gives an empty
/run/udev, in which our rule is the only one beside the distribution's and into
which udev writes its database. Nothing of the host is touched.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, "udev", "70-nvgpuctl.rules")
DEVICES = os.path.join(ROOT, "nvgpuctl", "core", "devices.yaml")
NVGPUCTL = sys.argv.pop(1)
NAMESPACE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--mount"]


class Function:
    """A PCI function as udev sees it."""

    def __init__(self, address, vendor, device, klass="0x030200"):
        self.address = address
        self.path = f"/devices/pci{address[:7]}/{address}"
        self.description = (f"P: {self.path}\nE: SUBSYSTEM=pci\nA: vendor={vendor}\\n\n"
                            f"A: device={device}\\n\nA: class={klass}\\n\n\n")


def under_udev(functions, events, command, rules=RULES):
    """Runs a command where these functions are the PCI bus.

    Those of `events` have been through our rule, as for a real event: `udevadm
    test` applies the rules and writes udev's database.
    """
    with tempfile.TemporaryDirectory() as folder:
        description = os.path.join(folder, "host.umockdev")
        with open(description, "w", encoding="utf-8") as file:
            file.write("".join(function.description for function in functions))
        inner = "".join(f"udevadm test /sys{function.path} >>{folder}/log 2>&1\n"
                        for function in events)
        inner += f"exec {shlex.join(command)}"
        outer = (f"set -e\nmount -t tmpfs tmpfs /run\nmkdir -p /run/udev/rules.d\n"
                 # Device tables of this machine would make tags untrusted.
                 "[ ! -d /etc/nvgpuctl ] || mount -t tmpfs tmpfs /etc/nvgpuctl\n"
                 f"cp {shlex.quote(rules)} /run/udev/rules.d/\n: >{folder}/log\n"
                 f"exec umockdev-run --device {description} -- sh -c {shlex.quote(inner)}")
        done = subprocess.run([*NAMESPACE, "sh", "-c", outer], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        with open(f"{folder}/log", encoding="utf-8", errors="replace") as file:
            log = file.read()
        complaints = [line for line in log.splitlines() if "70-nvgpuctl" in line and
                      re.search(r"invalid|unknown|ignor|fail", line, re.IGNORECASE)]
        if complaints:
            raise AssertionError("\n".join(complaints))
        return done.stdout.split()


def with_policy(action, answer):
    """driver_override and what is wanted of systemd after an event of a GPU on a
    host with a policy; `answer` is what the program says to the rule."""
    gpu = Function("0009:01:00.0", "0x10de", "0x2342")
    gpu.description = gpu.description.rstrip("\n") + "\nA: driver_override=(null)\\n\n\n"
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "program")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\n[ "$*" = "hook udev 0009:01:00.0" ] || exit 1\n{answer}\n')
        os.chmod(program, 0o755)
        with open(RULES, encoding="utf-8") as file:
            text = file.read().replace("/usr/bin/nvgpuctl", program)
        rules = os.path.join(folder, "70-nvgpuctl.rules")
        with open(rules, "w", encoding="utf-8") as file:
            file.write(text.replace("/etc/nvgpuctl/policy.yaml", program))
        shown = under_udev([gpu], [], ["sh", "-c", shlex.join(
            ["udevadm", "test", f"--action={action}", f"/sys{gpu.path}"]) +
            f" >{folder}/shown 2>&1; cat /sys{gpu.path}/driver_override; echo; "
            f"grep -o 'SYSTEMD_WANTS=.*' {folder}/shown; true"], rules)
        return shown


def tagged_by_udev(functions):
    """Addresses that udev's own enumeration finds by our tag."""
    found = under_udev(functions, functions,
                       ["udevadm", "trigger", "--dry-run", "--verbose", "--tag-match=nvgpuctl"])
    return [os.path.basename(path) for path in found]


class RuleUnderUdev(unittest.TestCase):
    def test_tags_each_model_of_gpu(self):
        functions = [Function(f"{number:04x}:01:00.0", "0x10de", device)
                     for number, device in enumerate(
                         ["0x2342", "0x2345", "0x2348", "0x2941", "0x31c2"], start=8)]
        self.assertEqual(sorted(tagged_by_udev(functions)),
                         ["0008:01:00.0", "0009:01:00.0", "000a:01:00.0", "000b:01:00.0",
                          "000c:01:00.0"])

    def test_tags_an_unknown_model_of_the_self_hosted_ranges(self):
        self.assertEqual(tagged_by_udev([Function("0009:01:00.0", "0x10de", "0x297f")]),
                         ["0009:01:00.0"])

    def test_leaves_everything_else_alone(self):
        self.assertEqual(tagged_by_udev([
            Function("0000:01:00.0", "0x10de", "0x2330"),  # H100: no Grace GPU
            Function("0000:02:00.0", "0x8086", "0x2342"),  # another vendor
            Function("0009:00:00.0", "0x10de", "0x2342", "0x060400"),  # a bridge
            Function("000f:01:00.0", "0x10de", "0x2e12"),  # GB10
        ]), [])


class RuleWithAPolicy(unittest.TestCase):
    WANTS = "SYSTEMD_WANTS=nvgpuctl-apply@0009:01:00.0.service"

    def test_keeps_a_gpu_that_comes_for_the_driver_of_the_policy(self):
        self.assertEqual(with_policy("add", "echo nvgrace_gpu_vfio_pci"),
                         ["nvgrace_gpu_vfio_pci", self.WANTS])

    def test_leaves_a_gpu_alone_that_is_to_have_none(self):
        self.assertEqual(with_policy("add", ":"), ["(null)", self.WANTS])

    def test_starts_the_unit_where_the_program_fails(self):
        self.assertEqual(with_policy("add", "exit 1"), ["(null)", self.WANTS])

    def test_changes_nothing_when_the_rules_are_run_again(self):
        self.assertEqual(with_policy("change", "echo nvgrace_gpu_vfio_pci"), ["(null)"])


class ListUnderUdev(unittest.TestCase):
    """nvgpuctl itself, through libudev, on a live bus."""

    GPUS = [Function("0009:01:00.0", "0x10de", "0x2342"),
            Function("0019:01:00.0", "0x10de", "0x2342")]
    OTHERS = [Function("0000:02:00.0", "0x8086", "0x2342"),
              Function("0009:00:00.0", "0x10de", "0x22b1", "0x060400")]
    LIST = [NVGPUCTL, "list", "--addresses"]

    def test_finds_gpus_by_vendor_and_class_where_udev_has_not_tagged_any(self):
        self.assertEqual(under_udev(self.GPUS + self.OTHERS, [], self.LIST),
                         ["0009:01:00.0", "0019:01:00.0"])

    def test_finds_gpus_by_our_tag(self):
        self.assertEqual(
            under_udev(self.GPUS + self.OTHERS, self.GPUS + self.OTHERS, self.LIST),
            ["0009:01:00.0", "0019:01:00.0"])

    def test_believes_the_tag_where_there_is_one(self):
        self.assertEqual(under_udev(self.GPUS, self.GPUS[:1], self.LIST), ["0009:01:00.0"])

    def test_lists_nothing_on_a_bus_without_such_a_gpu(self):
        self.assertEqual(under_udev(self.OTHERS, self.OTHERS, self.LIST), [])


class HookUnderUdev(unittest.TestCase):
    """nvgpuctl itself as what the rule asks, before udev has tagged the GPU."""

    POLICY = ("apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n"
              "  - match: all\n    driver: vfio-pci\n")

    def kept_for(self, address, tagged):
        # A copy of /etc in the mount namespace, for the policy.
        script = ('set -e\nmkdir /run/etc\ncp -a /etc/. /run/etc/\nmount --bind /run/etc /etc\n'
                  f'mkdir -p /etc/nvgpuctl\nprintf %s "$1" >/etc/nvgpuctl/policy.yaml\n'
                  f'exec "$2" hook udev {address}')
        return under_udev(ListUnderUdev.GPUS, tagged, ["sh", "-c", script, "sh", self.POLICY, NVGPUCTL])

    def test_keeps_a_gpu_that_comes_while_others_are_there(self):
        self.assertEqual(self.kept_for("0019:01:00.0", ListUnderUdev.GPUS[:1]), ["vfio-pci"])

    def test_keeps_the_first_gpu(self):
        self.assertEqual(self.kept_for("0019:01:00.0", []), ["vfio-pci"])


def patterns():
    """The device patterns of the rules that set our tag."""
    with open(RULES, encoding="utf-8") as file:
        text = file.read()
    found = re.findall(r'^ATTR\{device\}=="([^"]+)", TAG\+="nvgpuctl"$', text, re.MULTILINE)
    return [pattern.replace("?", ".") for rule in found for pattern in rule.split("|")]


def device_id(text):
    """The device's half of "10de:2342"."""
    return int(text.split(":")[1], 16)


class RuleBesideTheDeviceTable(unittest.TestCase):
    def test_tags_exactly_the_ids_that_the_table_knows(self):
        with open(DEVICES, encoding="utf-8") as file:
            table = yaml.safe_load(file)
        known = {device_id(model["id"]) for model in table["models"]}
        for entry in table["selfHosted"]:
            known |= set(range(device_id(entry["first"]), device_id(entry["last"]) + 1))
        rule = re.compile("|".join(patterns()))
        tagged = {number for number in range(0x10000) if rule.fullmatch(f"{number:#06x}")}
        self.assertEqual([f"{number:#06x}" for number in sorted(known ^ tagged)], [])


def missing():
    for tool in ("unshare", "umockdev-run", "udevadm"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    probe = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/run"],
                           capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"no mount namespace to be had here: {probe.stderr.strip()}"
    return None


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
