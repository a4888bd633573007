# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels as they lie on a disk: modules, their indices, images, initramfs."""

import gzip
import lzma
import struct

VARIANT = "nvgrace-gpu-vfio-pci"
WHERE = {"in-tree": "kernel/drivers/vfio/pci/nvgrace-gpu",
         "dkms": "updates/dkms"}
EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"


def packed(data, packing):
    if packing == "xz":
        # As the kernel does it: its own decoder knows no other checksum.
        return lzma.compress(data, check=lzma.CHECK_CRC32)
    if packing == "gz":
        return gzip.compress(data, mtime=0)
    return data


def elf(sections):
    """ELF-64, little endian, with nothing but sections."""
    names = b"\0"
    body, headers = b"", [bytes(64)]
    for name, data in [*sections, (".shstrtab", None)]:
        at = len(names)
        names += name.encode() + b"\0"
        data = names if data is None else data
        headers.append(struct.pack("<IIQQQQIIQQ", at, 1, 0, 0,
                                   64 + len(body), len(data), 0, 0, 1, 0))
        body += data
    header = struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 1,
                         183, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64,
                         len(headers), len(headers) - 1)
    return header + body + b"".join(headers)


def der(tag, *parts):
    content = b"".join(parts)
    length = (bytes([len(content)]) if len(content) < 0x80
              else b"\x82" + struct.pack(">H", len(content)))
    return bytes([tag]) + length + content


def signature(signer, serial):
    """PKCS#7 as the kernel's sign-file leaves it, the signature itself made
    up, with what the kernel wants behind it."""
    name = der(0x30, der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"),
                                   der(0x0C, signer.encode()))))
    sha256 = der(0x30, der(0x06, bytes.fromhex("608648016503040201")))
    rsa = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010101")))
    info = der(0x30, der(0x02, b"\1"), der(0x30, name, der(0x02, serial)),
               sha256, rsa, der(0x04, bytes(256)))
    data = der(0x06, bytes.fromhex("2a864886f70d010701"))
    signed = der(0x30, der(0x02, b"\1"), der(0x31, sha256), der(0x30, data),
                 der(0x31, info))
    pkcs7 = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010702")),
                der(0xA0, signed))
    return (pkcs7 + struct.pack(">BBBBBxxxI", 0, 0, 2, 0, 0, len(pkcs7))
            + b"~Module signature appended~\n")


def module(release, spec):
    magic = spec.get("vermagic", f"{release} SMP mod_unload aarch64")
    modinfo = [f"version={spec['version']}"] if "version" in spec else []
    modinfo += [f"name={VARIANT.replace('-', '_')}", f"vermagic={magic}"]
    data = elf([(".modinfo", "".join(f"{line}\0"
                                     for line in modinfo).encode())])
    if "signer" in spec:
        data += signature(spec["signer"], bytes.fromhex("5ca1ab1e"))
    return data


def cpio(entries):
    out = b""
    for name, data in [*entries.items(), ("TRAILER!!!", b"")]:
        header = "070701" + "".join(f"{number:08X}" for number in (
            0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
        for part in (header.encode() + name.encode() + b"\0", data):
            out += part + bytes(-len(part) % 4)
    return out


def initramfs(release, spec):
    """An early archive, as for microcode, and the real one, packed."""
    entries = {f"usr/lib/modules/{release}/kernel/{name}.ko": b""
               for name in spec.get("modules", [])}
    entries["init"] = b"#!/bin/sh\n"
    entries.update((name, text.encode())
                   for name, text in spec.get("files", {}).items())
    early = cpio({"early_cpio": b"1\n"})
    return (early + bytes(-len(early) % 512)
            + packed(cpio(entries), spec.get("packing", "gz")))


def write_kernel(tree, host, release, spec):
    """modules.dep as depmod writes it: of two files with one module name it
    lists only the one that its search order prefers, `updates` first."""
    parts = host.parts["modules"]
    directory = f"lib/modules/{release}"
    files = dict(parts["files"] if spec["vfio"] else {})
    files.update(parts["other_files"])
    files.update((file, []) for file in spec.get("more_files", []))
    aliases = list(parts["aliases"])
    if spec["vfio"]:
        aliases += parts["vfio_aliases"]
    end = {"none": ""}.get(spec["packing"], "." + spec["packing"])
    found = [f"{WHERE[w]}/{VARIANT}.ko{end}" for w in spec["variant"]]
    if found and spec["indexed"]:
        files[max(found)] = parts["variant_needs"]
        aliases += [f"vfio_pci:v000010DEd0000{device}sv*sd*bc*sc*i* "
                    "nvgrace_gpu_vfio_pci" for device in spec["variant_ids"]]
    for file in found:
        tree.write(f"{directory}/{file}",
                   packed(module(release, spec), spec["packing"]))
    names = {f.rsplit("/", 1)[1].split(".")[0]: f for f in files}
    tree.write(f"{directory}/modules.dep", "\n".join(
        f"{f}: " + " ".join(names[n] for n in needs)
        if needs else f"{f}:" for f, needs in sorted(files.items())))
    tree.write(f"{directory}/modules.alias", "\n".join(
        ["# Aliases extracted from modules themselves."]
        + [f"alias {a}" for a in aliases]))
    if spec["image"]:
        tree.write(f"boot/vmlinuz-{release}", "")
    if "initramfs" in spec:
        tree.write(f"boot/initrd.img-{release}",
                   initramfs(release, spec["initramfs"]))


def write_kernels(tree, host):
    write_kernel(tree, host, host.kernel["release"], host.modules)
    for spec in host.spec.get("other_kernels", []):
        release = spec["release"]
        write_kernel(tree, host, release, {**host.modules, **spec})
        force = spec.get("sig_force", False)
        tree.write(f"boot/config-{release}", "\n".join(
            [f"# Linux/{host.machine} {release} Kernel Configuration",
             "CONFIG_MODULE_SIG_FORCE=y" if force
             else "# CONFIG_MODULE_SIG_FORCE is not set"]))


def write_security(tree, host):
    """Secure Boot of the firmware and lockdown of the running kernel."""
    spec = host.spec.get("security", {})
    if "secure_boot" in spec:
        tree.write(f"sys/firmware/efi/efivars/SecureBoot-{EFI_GLOBAL}",
                   struct.pack("<IB", 6, spec["secure_boot"]))
    if "lockdown" in spec:
        tree.write("sys/kernel/security/lockdown", " ".join(
            f"[{mode}]" if mode == spec["lockdown"] else mode
            for mode in ("none", "integrity", "confidentiality")))
        tree.write("sys/module/module/parameters/sig_enforce", "N")
