# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk that changes with every build: programs, and the guest's parts."""

import shutil

from labhost import initrd, store

GUEST_INIT = store.REPOSITORY / "tests/lab/guest-init.sh"


def guest_initrd(busybox):
    return initrd.archive({"bin/busybox": (0o755, busybox),
                           "init": (0o755, GUEST_INIT.read_bytes())})


def make(folder, layout, kernel_image, busybox, installed):
    """An image in `folder`; `installed` is a tree for /."""
    tree = folder / "payload"
    tree.mkdir()
    (tree / "guest.initrd").write_bytes(guest_initrd(busybox))
    shutil.copy(kernel_image, tree / "guest.vmlinuz")
    shutil.copytree(installed, tree / "install", symlinks=True)
    if layout:  # the kernel's own driver has no such parameter
        options = tree / "install/etc/modprobe.d/lab-layout.conf"
        options.parent.mkdir(parents=True)
        options.write_text(f"options nvgrace-gpu-vfio-pci layout={layout}\n",
                           encoding="ascii")
    image = folder / "payload.img"
    store.run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, image,
              "512M")
    store.remove(tree)
    return image
