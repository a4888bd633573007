# SPDX-License-Identifier: GPL-2.0-or-later
"""The ACPI tables that make a Grace host of QEMU's machine."""

import pathlib
import struct
import tempfile

from labhost import store

# The UUID for device properties in a _DSD.
DEVICE_PROPERTIES = "daffd814-6eba-4d8c-8a91-bc9bbf4aa301"


def value(thing):
    return f'"{thing}"' if isinstance(thing, str) else f"{thing:#x}"


def source(scenario):
    """An SSDT that gives the GPUs their _DSD, as NVIDIA's firmware does.

    QEMU has made devices for root ports and their functions already.
    """
    scopes = []
    for gpu in scenario.gpus:
        properties = gpu.properties()
        if not properties:
            continue
        device = f"\\_SB.PCI0.S{gpu.slot << 3:02X}.S00"
        rows = "".join(f'      Package () {{ "{name}", {value(thing)} }},\n'
                       for name, thing in properties.items())
        scopes.append(
            f"  External ({device}, DeviceObj)\n"
            f"  Scope ({device}) {{\n"
            f"    Name (_DSD, Package () {{\n"
            f'      ToUUID ("{DEVICE_PROPERTIES}"), Package () {{\n'
            f"{rows}    }} }})\n  }}\n")
    return ('DefinitionBlock ("", "SSDT", 2, "NVIDIA", "GPUMEM", 1) {\n'
            + "".join(scopes) + "}\n")


def ssdt(scenario):
    with tempfile.TemporaryDirectory() as folder:
        asl = pathlib.Path(folder) / "ssdt.asl"
        asl.write_text(source(scenario), encoding="ascii")
        store.run("iasl", "-p", asl.with_suffix(""), asl)
        return asl.with_suffix(".aml").read_bytes()


# QEMU's virt machine: hw/arm/virt.c, a15memmap and a15irqmap; SPIs begin at 32.
SMMU_BASE = 0x9050000
SMMU_EVENT, SMMU_PRI, SMMU_SYNC, SMMU_ERROR = 106, 107, 108, 109


def iort():
    """It puts every device behind a root port into the care of the SMMU.

    QEMU's SMMUv3 refuses vfio-user devices, so QEMU's own table says that the
    SMMU has nobody (default-bus-bypass-iommu). Linux believes this one, which has
    a higher revision, and makes groups and page tables as on a real host. That
    nobody looks at the page tables does not matter: the GPUs here do no DMA.
    Devices on the root bus do; they stay where QEMU put them, apart.
    """
    # Arm DEN 0049: nodes have type, length, revision, identifier, and number and
    # offset of mappings.
    its = struct.pack("<BHBIII", 0, 24, 1, 0, 0, 0) + struct.pack("<II", 1, 0)
    its_at, smmu_at = 48, 48 + len(its)
    smmu = struct.pack("<BHBIII", 4, 88, 4, 0, 1, 68) + struct.pack(
        "<QIIQIIIIIII", SMMU_BASE, 1, 0, 0, 0, SMMU_EVENT, SMMU_PRI, SMMU_ERROR,
        SMMU_SYNC, 0, 0)
    # First id, number of ids less one, first id there, offset of the node, flags.
    smmu += struct.pack("<5I", 0, 0xffff, 0, its_at, 0)
    root = struct.pack("<BHBIII", 2, 76, 3, 2, 2, 36)
    # Coherent, with the memory attributes that go with it; 64-bit addresses.
    root += struct.pack("<IBHBIIBBH", 1, 0, 0, 3, 0, 0, 64, 0, 0)
    root += struct.pack("<5I", 0, 0xff, 0, its_at, 0)
    root += struct.pack("<5I", 0x100, 0xfeff, 0x100, smmu_at, 0)
    body = struct.pack("<III", 3, 48, 0) + its + smmu + root
    head = struct.pack("<4sIBB6s8sI4sI", b"IORT", 36 + len(body), 5, 0, b"BOCHS ",
                       b"BXPC    ", 2, b"LAB ", 1)
    table = bytearray(head + body)
    table[9] = -sum(table) & 0xff
    return bytes(table)


def tables(scenario):
    return {"ssdt.aml": ssdt(scenario), "iort.aml": iort()}
