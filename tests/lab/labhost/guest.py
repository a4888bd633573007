# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest in the simulated host, under its KVM, with a GPU."""

import re

from labhost.host import CheckFailed

NODES = 8
MEMORY_MIB = 512


def command(address, words):
    arguments = [
        "qemu-system-aarch64",
        "-M", "virt,gic-version=3,highmem-mmio-size=512G", "-cpu", "host",
        "-accel", "kvm", "-smp", "1", "-m", f"{MEMORY_MIB}M", "-nodefaults",
        "-display", "none", "-serial", "stdio", "-no-reboot", "-nic", "none",
        "-bios", "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
        "-kernel", "/lab/guest.vmlinuz", "-initrd", "/lab/guest.initrd",
        "-append", "console=ttyAMA0 panic=-1 quiet " + " ".join(words),
        "-object", f"memory-backend-ram,id=ram,size={MEMORY_MIB}M",
        "-numa", "node,nodeid=0,memdev=ram,cpus=0",
        "-device", "pcie-root-port,id=slot1",
        "-device", f"vfio-pci,host={address},bus=slot1,id=gpu"]
    for node in range(1, NODES + 1):
        arguments += ["-numa", f"node,nodeid={node}",
                      "-object", f"acpi-generic-initiator,id=gi{node},pci-dev=gpu,"
                                 f"node={node}"]
    return arguments


def run(host, address, words):
    """What the guest reported: {"NAME": "VALUE"}; see guest-init.sh."""
    done = host.run(["timeout", "200", *command(address, words)], timeout=240)
    reports = dict(re.findall(r"guest: (\S+) ?(.*?)\r?$", done.out,
                              re.MULTILINE))
    if "end" not in reports:
        raise CheckFailed(f"the guest did not come to its end: "
                          f"{(done.out + done.err)[-1500:]}")
    return reports
