# SPDX-License-Identifier: GPL-2.0-or-later
"""Initrds: cpio archives in the kernel's "newc" format, written without cpio."""

import lzma
import pathlib
import stat

from labhost import kernels

# Everything that stands between power-on and the host's disk.
MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "virtio_console"]

INIT = pathlib.Path(__file__).with_name("init.sh")


def member(number, name, mode, data=b"", device=(0, 0)):
    fields = (number, mode, 0, 0, 2 if stat.S_ISDIR(mode) else 1, 0, len(data),
              0, 0, *device, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    head += name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files):
    """Of {name: bytes or (mode, bytes)}; folders come by themselves."""
    members = {"dev/console": (stat.S_IFCHR | 0o600, b"", (5, 1))}
    for name, content in files.items():
        mode, data = content if isinstance(content, tuple) else (0o644, content)
        members[name] = (stat.S_IFREG | mode, data, (0, 0))
    folders = {str(parent) for name in members
               for parent in pathlib.PurePosixPath(name).parents} - {"."}
    everything = {folder: (stat.S_IFDIR | 0o755, b"", (0, 0))
                  for folder in folders} | members
    # Sorted, so that folders come before what is in them.
    parts = [member(i + 1, name, *everything[name])
             for i, name in enumerate(sorted(everything))]
    parts.append(member(0, "TRAILER!!!", 0))
    result = b"".join(parts)
    return result + b"\0" * (-len(result) % 512)


def acpi(tables):
    """Put first, and not compressed: the kernel takes the tables besides, or
    instead of, firmware's."""
    return archive({f"kernel/firmware/acpi/{name}": table
                    for name, table in tables.items()})


def modules(kernel, names):
    """Files for an archive: modules, and `modules/order` to load them in."""
    files = {}
    order = []
    for module in kernels.with_dependencies(kernel, names):
        data = module.read_bytes()
        if module.suffix == ".xz":
            data = lzma.decompress(data)
        name = module.name.removesuffix(".xz")
        files[f"modules/{name}"] = data
        order.append(name)
    files["modules/order"] = "".join(f"{name}\n" for name in order).encode()
    return files


def for_host(kernel, busybox):
    return archive({"bin/busybox": (0o755, busybox),
                    "init": (0o755, INIT.read_bytes()), **modules(kernel, MODULES)})
