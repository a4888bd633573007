# SPDX-License-Identifier: GPL-2.0-or-later
"""ACPI tables as text for iasl, in the shape that the public TH500 firmware
sources (edk2-nvidia, DynamicTablesPkg) generate."""

import os
import subprocess

MIB, GIB = 1 << 20, 1 << 30
DSD_UUID = "daffd814-6eba-4d8c-8a91-bc9bbf4aa301"
ENABLED, ENABLED_HOT_PLUGGABLE = 1, 3


# The firmware's template has External (_LOC) inside the GPU's device. iasl
# moves externals to the head of a table, so a name of equal length holds the
# place until the table is compiled.
EXTERNAL_PLACEHOLDER = b"\x08XLOC\x0a\x5a"
EXTERNAL_LOC = b"\x15_LOC\x00\x00"


# Definition blocks.

def host_bridge_name(segment):
    """PCI9 on socket 0, PC18 and so on elsewhere."""
    socket, controller = segment >> 4, segment & 0xF
    return f"PCI{controller:X}" if socket == 0 else f"PC{socket:X}{controller:X}"


def block(signature, oem, oem_table, body):
    return (f'DefinitionBlock ("", "{signature}", 2, "{oem}", "{oem_table}",'
            f" 1)\n{{\n{body}\n}}\n")


def dsd(gpu):
    """The properties in the firmware's order; `dynamic` is what an OEM's
    firmware might do instead: compute them when asked. `twice`: the first
    stands at the end once more."""
    items = list(gpu.dsd.items())
    if gpu.dsd_form == "twice":
        items.append((items[0][0], 0))
    pairs = ",\n".join(f'Package () {{"{name}", 0x{value:X}}}'
                       for name, value in items)
    package = f'Package () {{ToUUID ("{DSD_UUID}"), Package () {{\n{pairs}}}}}'
    if gpu.dsd_form == "none":
        return ""
    if gpu.dsd_form == "dynamic":
        return f"Method (_DSD, 0, Serialized) {{ Return ({package}) }}"
    return f"Name (_DSD, {package})"


def gpu_device(gpu):
    """_DSD stands last: the firmware appends it to a compiled template."""
    lica = 0x03F10000 | gpu.function.segment >> 4 << 44
    return f"""Device (GPU0) {{
      Name (_ADR, 0x{gpu.function.acpi_adr:X})
      Name (XLOC, 0x5A)
      Name (LICA, 0x{lica:X})
      Name (GFBP, One)
      OperationRegion (LIC1, SystemMemory, LICA, 0x1000)
      Field (LIC1, DWordAcc, NoLock, Preserve) {{ STAT, 32, SETR, 32 }}
      Name (FSPA, Ones)
      OperationRegion (FSPB, SystemMemory, FSPA, 0x1000)
      Field (FSPB, DWordAcc, NoLock, Preserve) {{ Offset (0x10), BOOT, 32 }}
      Method (_RST, 0, Serialized) {{
        If (LEqual (STAT, Zero)) {{ Store (One, SETR) }}
        Sleep (10)
        Store (BOOT, Local0)
        Return (Local0)
      }}
      {dsd(gpu)}
    }}"""


def root_port(root, gpu):
    inner = ""
    if gpu:
        inner = gpu_device(gpu)
        for index, switch in reversed(list(enumerate(gpu.switches))):
            inner = (f"Device (SW{index:02X}) {{ Name (_ADR, "
                     f"0x{switch.acpi_adr:X})\n{inner} }}")
    return f"""Device ({root.acpi_path[-4:]}) {{
      Name (_ADR, 0x{root.acpi_adr:X})
      Name (ADDR, Ones)
      Name (_LOC, 0x{root.segment:X})
      OperationRegion (SMEM, SystemMemory, ADDR, 0x10)
      Field (SMEM, DWordAcc, NoLock, Preserve) {{ DPC0, 32, SOC0, 32 }}
      Method (_DSM, 4, Serialized) {{
        If (LEqual (Arg2, Zero)) {{ Return (Buffer () {{0x01}}) }}
        Return (Buffer () {{0x00}})
      }}
      Method (_OST, 3) {{ Store (Arg1, SOC0) }}
      {inner}
    }}"""


def segment_ssdt(host, segment, roots):
    """One SSDT per PCI segment."""
    gpu = next((g for g in host.gpus if g.function.segment == segment
                and g.function.acpi_path), None)
    ports = "\n".join(root_port(r, gpu) for r in roots)
    low = 0x40000000 + segment * 0x1000000
    interrupts = ",\n".join(
        f"Package () {{0xFFFF, {pin}, Zero, 0x{0x100 + segment * 4 + pin:X}}}"
        for pin in range(4))
    body = f"""Scope (\\_SB) {{
    Device ({host_bridge_name(segment)}) {{
      Name (_UID, 0x{segment:X})
      Name (_HID, EisaId ("PNP0A08"))
      Name (_CID, EisaId ("PNP0A03"))
      Name (_SEG, 0x{segment:X})
      Name (_BBN, Zero)
      Name (_CCA, One)
      Name (_PRT, Package () {{ {interrupts} }})
      Name (_CRS, ResourceTemplate () {{
        WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
          0, 0, 0xFF, 0, 0x100)
        DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
          NonCacheable, ReadWrite, 0, 0x{low:X}, 0x{low + 0xFFFFFF:X}, 0,
          0x1000000)
      }})
      Device (RES0) {{
        Name (_HID, EisaId ("PNP0C02"))
        Name (_CRS, ResourceTemplate () {{
          Memory32Fixed (ReadWrite, 0x{low:X}, 0x1000) }})
      }}
      Method (_OSC, 4, Serialized) {{
        CreateDWordField (Arg3, Zero, CDW1)
        And (CDW1, 0x1F, CDW1)
        Return (Arg3)
      }}
      {ports}
      Name (_PXM, {segment >> 4 if host.segment_is_socket else 0})
    }}
  }}"""
    return block("SSDT", host.oem, host.oem_table, body)


def dsdt(host, segments):
    bridges = "\n".join(
        f"External (\\_SB.{host_bridge_name(s)}.RP00, DeviceObj)"
        for s in segments)
    serial = '"ARMHB000"' if host.machine == "aarch64" else 'EisaId ("PNP0501")'
    body = f"""{bridges}
  Scope (\\_SB) {{
    Device (PWRB) {{ Name (_HID, EisaId ("PNP0C0C")) Name (_UID, Zero) }}
    Device (COM1) {{
      Name (_HID, {serial})
      Name (_UID, Zero)
      Method (_STA, 0) {{ Return (0xF) }}
    }}
    Device (GED0) {{
      Name (_HID, "ACPI0013")
      Name (_UID, Zero)
      Name (DBG0, Zero)
      Method (_EVT, 1, Serialized) {{
        Switch (ToInteger (Arg0)) {{
          Case (0x35) {{ Notify (PWRB, 0x80) }}
          Default {{ Store (Arg0, DBG0) }}
        }}
      }}
    }}
  }}"""
    return block("DSDT", host.oem, host.oem_table, body)


# Data tables. iasl reads the values in order; the names are for the reader.

def data_header(host, signature, revision):
    return f"""
[0004] Signature : "{signature}"
[0004] Table Length : 00000000
[0001] Revision : {revision:02X}
[0001] Checksum : 00
[0006] Oem ID : "{host.oem}"
[0008] Oem Table ID : "{host.oem_table:<8}"
[0004] Oem Revision : 00000001
[0004] Asl Compiler ID : "INTL"
[0004] Asl Compiler Revision : 00000001
"""


def srat_gicc(pxm, uid):
    return f"""
[0001] Subtable Type : 03 [GICC Affinity]
[0001] Length : 12
[0004] Proximity Domain : {pxm:08X}
[0004] Acpi Processor UID : {uid:08X}
[0004] Flags (decoded below) : 00000001
  Enabled : 1
[0004] Clock Domain : 00000000
"""


def srat_x2apic(pxm, apic):
    return f"""
[0001] Subtable Type : 02 [Processor Local x2APIC Affinity]
[0001] Length : 18
[0002] Reserved1 : 0000
[0004] Proximity Domain : {pxm:08X}
[0004] Apic ID : {apic:08X}
[0004] Flags (decoded below) : 00000001
  Enabled : 1
[0004] Clock Domain : 00000000
[0004] Reserved2 : 00000000
"""


def srat_memory(pxm, base, length, flags):
    return f"""
[0001] Subtable Type : 01 [Memory Affinity]
[0001] Length : 28
[0004] Proximity Domain : {pxm:08X}
[0002] Reserved1 : 0000
[0008] Base Address : {base:016X}
[0008] Address Length : {length:016X}
[0004] Reserved2 : 00000000
[0004] Flags (decoded below) : {flags:08X}
  Enabled : {flags & 1}
  Hot Pluggable : {flags >> 1 & 1}
  Non-Volatile : 0
[0008] Reserved3 : 0000000000000000
"""


def srat_generic_initiator(pxm, gpu):
    """Handle: segment, bus, device and function. Old hypervisors wrote the bus
    where device and function belong."""
    f = gpu.function
    pair = (0, f.bus) if gpu.old_bus_byte else (f.bus, f.devfn)
    handle = [f.segment & 0xFF, f.segment >> 8, *pair] + [0] * 12
    return f"""
[0001] Subtable Type : 05 [Generic Initiator Affinity]
[0001] Length : 20
[0001] Reserved1 : 00
[0001] Device Handle Type : 01
[0004] Proximity Domain : {pxm:08X}
[0016] Device Handle : {' '.join(f'{b:02X}' for b in handle)}
[0004] Flags (decoded below) : 00000003
  Enabled : 1
[0004] Reserved2 : 00000000
"""


def srat_records(host):
    """(type, pxm, text) in table order: processors, memory, initiators."""
    processor = srat_gicc if host.machine == "aarch64" else srat_x2apic
    kind = 3 if host.machine == "aarch64" else 2
    records = []
    for socket in range(host.sockets):
        for cpu in range(host.cpus_per_socket):
            uid = socket * host.cpus_per_socket + cpu
            records.append((kind, socket, processor(socket, uid)))
    for socket in range(host.sockets):
        base, size = host.dram(socket)
        records.append((1, socket, srat_memory(socket, base, size, ENABLED)))
    placeholders = set()
    for gpu in host.gpus:
        placeholders.update(gpu.pxms())
        if gpu.egm:
            placeholders.add(gpu.egm["pxm"])
    for pxm in sorted(placeholders - set(range(host.sockets))):
        records.append((1, pxm, srat_memory(pxm, 0, 0, ENABLED_HOT_PLUGGABLE)))
    if host.firmware == "B":
        for gpu in host.gpus:
            for pxm in gpu.pxms():
                records.append((5, pxm, srat_generic_initiator(pxm, gpu)))
    return records


def srat(host, records):
    return (data_header(host, "SRAT", 3)
            + "[0004] Table Revision : 00000001\n"
            + "[0008] Reserved : 0000000000000000\n"
            + "".join(text for _, _, text in records))


def pxm_to_node(records, max_nodes):
    """Linux: first unused node, one pass over types 0, 2, 3, 5 and 7 in table
    order, then type 1. Nothing when the nodes do not suffice: then the kernel
    calls the SRAT bad and goes on with a single node (drivers/acpi/numa)."""
    nodes = {}
    ordered = [r for r in records if r[0] != 1] + [r for r in records
                                                   if r[0] == 1]
    for _, pxm, _ in ordered:
        if pxm not in nodes:
            nodes[pxm] = len(nodes)
    return nodes if len(nodes) <= max_nodes else None


def distance(host, a, b):
    """Between proximity domains, as observed on GH200 and GB200."""
    if a == b:
        return 10
    owner_a, owner_b = host.pxm_owner(a), host.pxm_owner(b)
    if owner_a is None or owner_b is None:
        return 255
    (socket_a, gpu_a), (socket_b, gpu_b) = owner_a, owner_b
    if gpu_a is None and gpu_b is None:
        return 40
    if gpu_a is None or gpu_b is None:
        return 80 if socket_a == socket_b else 120
    if host.firmware == "A":
        return 255
    return 11 if gpu_a is gpu_b else 40


def slit(host, records):
    size = max(pxm for _, pxm, _ in records) + 1
    rows = []
    for a in range(size):
        values = " ".join(f"{distance(host, a, b):02X}" for b in range(size))
        rows.append(f"[{size:04d}] Locality {a:3} : {values}\n")
    return (data_header(host, "SLIT", 1)
            + f"[0008] Localities : {size:016X}\n" + "".join(rows))


# Compiling.

def compile_tables(sources, scratch):
    """name → ASL or data-table text; name → bytes. One iasl for all."""
    for name, text in sources.items():
        with open(os.path.join(scratch, f"{name}.asl"), "w") as file:
            file.write(text)
    result = subprocess.run(["iasl", "-vs"] + [f"{n}.asl" for n in sources],
                            cwd=scratch, capture_output=True, text=True)
    tables = {}
    for name in sources:
        path = os.path.join(scratch, f"{name}.aml")
        if not os.path.exists(path):
            raise RuntimeError(f"iasl refused {name}:\n{result.stdout}"
                               f"{result.stderr}")
        with open(path, "rb") as file:
            tables[name] = file.read()
    return tables


def build(host, segments, records, scratch):
    """segments: number → root ports. Numbers of SSDTs mean nothing, so the
    first one here is not the GPU's."""
    sources = {"DSDT": dsdt(host, segments)}
    for index, (segment, roots) in enumerate(sorted(segments.items()), 1):
        sources[f"SSDT{index}"] = segment_ssdt(host, segment, roots)
    sources["SRAT"] = srat(host, records)
    sources["SLIT"] = slit(host, records)
    tables = compile_tables(sources, scratch)
    for name, table in tables.items():
        tables[name] = with_checksum(
            table.replace(EXTERNAL_PLACEHOLDER, EXTERNAL_LOC))
    for name, change in host.damage.items():
        tables[name] = damage(tables[name], change)
    return tables


def with_checksum(table):
    rest = sum(table) - table[9]
    return table[:9] + bytes([-rest & 0xFF]) + table[10:]


def damage(table, change):
    if change == "checksum":
        return table[:9] + bytes([(table[9] + 1) & 0xFF]) + table[10:]
    raise ValueError(f"unknown damage: {change}")
