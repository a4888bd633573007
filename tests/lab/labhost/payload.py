# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk that changes with every build: programs, and the guest's parts."""

import shutil

from labhost import initrd, kernels, store

GUEST_INIT = store.REPOSITORY / "tests/lab/guest-init.sh"


# For the power button.
GUEST_MODULES = ["button", "evdev"]


def guest_initrd(kernel, busybox):
    return initrd.archive({"bin/busybox": (0o755, busybox),
                           "init": (0o755, GUEST_INIT.read_bytes()),
                           **initrd.modules(kernel, GUEST_MODULES)})


def make(folder, scenario, kernel, busybox, installed=None, debs=()):
    """An image in `folder`; `installed` is a tree for /, which is taken, and `debs`
    are for apt."""
    tree = folder / "payload"
    tree.mkdir()
    (tree / "guest.initrd").write_bytes(guest_initrd(kernel, busybox))
    shutil.copy(kernels.files(kernel) / "vmlinuz", tree / "guest.vmlinuz")
    for deb in debs:
        shutil.copy(deb, tree)
    if installed:
        installed.rename(tree / "install")
    # The kernel's own driver has no such parameter.
    if installed and scenario.driver == "ours":
        options = tree / "install/etc/modprobe.d/lab-layout.conf"
        options.parent.mkdir(parents=True)
        options.write_text(f"options nvgrace-gpu-vfio-pci layout={scenario.layout}\n",
                           encoding="ascii")
    image = folder / "payload.img"
    store.run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, image,
              "512M")
    store.remove(tree)
    return image
