# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI functions: from a description to numbers, from numbers to sysfs."""

import re
from dataclasses import dataclass, field

from . import config_space
from .tree import cpu_ranges

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# <linux/ioport.h>: memory, size-aligned; then prefetchable, 64-bit.
FLAGS_32, FLAGS_64, FLAGS_64_PREFETCH = 0x40200, 0x140204, 0x14220C
WINDOW_32, WINDOW_64_PREFETCH = 0x200, 0x102201
SPEEDS = {1: "2.5", 2: "5.0", 3: "8.0", 4: "16.0", 5: "32.0", 6: "64.0"}
# Of the variant drivers only the one in question, and the generic one.
VFIO_DRIVERS = {"vfio-pci": "vfio_pci",
                "nvgrace_gpu_vfio_pci": "nvgrace_gpu_vfio_pci"}


@dataclass
class Bar:
    size: int
    flags: int
    start: int = 0


@dataclass
class Function:
    segment: int
    bus: int
    slot: int
    number: int
    vendor: int
    device: int
    subvendor: int
    subdevice: int
    class_code: int
    revision: int = 0
    kind: str = "endpoint"
    port: int = config_space.PORT_ENDPOINT
    bars: dict = field(default_factory=dict)
    parent: "Function | None" = None
    children: list = field(default_factory=list)
    windows: dict = field(default_factory=dict)
    secondary: int = 0
    subordinate: int = 0
    driver: str | None = None
    driver_override: str | None = None
    group: int | None = None
    group_with: str | None = None
    smmu: str | None = None
    node: int = 0
    link: tuple = (4, 4)
    acs: bool = True
    total_vfs: int = 0
    serial: int = 0
    acpi_path: str | None = None
    acpi_adr: int = 0
    firmware_node: str | None = None
    reset_method: str = "flr bus"
    fallen_off: bool = False
    vfio_index: int | None = None
    command: int = 0
    gpu: object = None

    @property
    def is_bridge(self):
        return self.kind == "bridge"

    @property
    def address(self):
        return f"{self.segment:04x}:{self.bus:02x}:{self.slot:02x}.{self.number:x}"

    @property
    def devfn(self):
        return self.slot << 3 | self.number

    @property
    def directory(self):
        if self.parent:
            return f"{self.parent.directory}/{self.address}"
        return f"sys/devices/pci{self.segment:04x}:00/{self.address}"

    @property
    def modalias(self):
        c = self.class_code
        return (f"pci:v{self.vendor:08X}d{self.device:08X}"
                f"sv{self.subvendor:08X}sd{self.subdevice:08X}"
                f"bc{c >> 16:02X}sc{c >> 8 & 0xFF:02X}i{c & 0xFF:02X}")

    def above(self):
        return self.parent.above() + [self.parent] if self.parent else []


def parse_id(text):
    vendor, device = str(text).split(":")
    return int(vendor, 16), int(device, 16)


def parse_at(text):
    """"01:00.0" → bus, slot, function."""
    bus, slot, number = re.fullmatch(
        r"([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", text).groups()
    return int(bus, 16), int(slot, 16), int(number, 16)


def parse_bar(text):
    """"16M" is 64-bit prefetchable, "64K mem64" 64-bit, "64K mem32" 32-bit."""
    size, _, kind = str(text).partition(" ")
    flags = {"": FLAGS_64_PREFETCH, "mem64": FLAGS_64, "mem32": FLAGS_32}[kind]
    return Bar(int(size[:-1]) * UNITS[size[-1]], flags)


FUNCTION_KEYS = {"segment", "at", "id", "subsystem", "class", "revision",
                 "driver", "driver_override", "bars", "below", "link", "vfs",
                 "port", "group_with", "under", "reset_method", "acs"}
PORTS = {"root": config_space.PORT_ROOT, "up": config_space.PORT_UPSTREAM,
         "down": config_space.PORT_DOWNSTREAM}


def from_description(node, segment, numa_node, parent=None):
    """A function and, recursively, those below it; depth first."""
    unknown = set(node) - FUNCTION_KEYS
    if unknown:
        raise ValueError(f"function {node.get('at')}: unknown {sorted(unknown)}")
    bus, slot, number = parse_at(node["at"])
    vendor, device = parse_id(node["id"])
    subvendor, subdevice = parse_id(node.get("subsystem", node["id"]))
    class_code = int(str(node["class"]), 16)
    f = Function(segment, bus, slot, number, vendor, device, subvendor,
                 subdevice, class_code, node.get("revision", 0),
                 parent=parent, node=numa_node)
    if class_code >> 8 == 0x0604:
        f.kind = "bridge"
        f.port = PORTS[node.get("port", "root")]
        f.driver = "pcieport"
        f.reset_method = "" if f.port == config_space.PORT_ROOT else "pm bus"
    f.driver = node.get("driver", f.driver)
    f.driver_override = node.get("driver_override")
    f.group_with = node.get("group_with")
    f.bars = {int(i): parse_bar(b) for i, b in node.get("bars", {}).items()}
    f.link = tuple(node.get("link", (4, 4)))
    f.total_vfs = node.get("vfs", 0)
    f.acs = node.get("acs", True)
    f.reset_method = node.get("reset_method", f.reset_method)
    functions = [f]
    for below in node.get("below", []):
        functions += from_description(below, segment, numa_node, f)
    return functions


def attach_children(functions):
    for f in functions:
        f.children = []
    for f in functions:
        if f.parent:
            f.parent.children.append(f)


def number_buses(f):
    """Secondary and subordinate buses of bridges, from what is below them."""
    if not f.is_bridge:
        return f.bus
    below = [number_buses(child) for child in f.children]
    f.secondary = min((c.bus for c in f.children), default=f.bus + 1)
    f.subordinate = max(below, default=f.secondary)
    return f.subordinate


class Space:
    """Hands out naturally aligned addresses of one PCI segment."""

    def __init__(self, segment):
        # No published map: 16 MiB below 2 GiB and 128 GiB high up for each
        # segment, clear of memory and of the GPUs' windows.
        self.low = 0x40000000 + segment * 0x1000000
        self.high = 0x700000000000 + segment * 0x2000000000

    def start_after(self, bars):
        """Behind a GPU's own window, so that bridges need only one."""
        self.high = max(bar.start + bar.size for bar in bars)

    def place(self, bar):
        if bar.start:
            return
        side = "high" if bar.flags == FLAGS_64_PREFETCH else "low"
        start = -(-getattr(self, side) // bar.size) * bar.size
        bar.start = start
        setattr(self, side, start + bar.size)

    def close_bridge(self):
        for side in ("low", "high"):
            setattr(self, side, -(-getattr(self, side) // (1 << 20)) << 20)


def place_bars(f, space):
    for bar in f.bars.values():
        space.place(bar)
    space.close_bridge()
    for child in f.children:
        place_bars(child, space)
    if f.is_bridge:
        space.close_bridge()
        f.windows = windows_of(f)


def windows_of(bridge):
    """What a bridge must forward, in whole MiB."""
    ranges = {"memory": [], "prefetch": []}
    for child in bridge.children:
        for bar in child.bars.values():
            side = "prefetch" if bar.flags == FLAGS_64_PREFETCH else "memory"
            ranges[side].append((bar.start, bar.start + bar.size - 1))
        for side, window in child.windows.items():
            ranges[side].append(window)
    return {side: (min(a for a, _ in r) >> 20 << 20,
                   max(b for _, b in r) | 0xFFFFF)
            for side, r in ranges.items() if r}


def resource_text(f):
    lines = [(0, 0, 0)] * (17 if f.is_bridge else 7)
    for index, bar in f.bars.items():
        lines[index] = (bar.start, bar.start + bar.size - 1, bar.flags)
    if f.is_bridge:  # 13: I/O, 14: memory, 15: prefetchable memory
        for index, side, flags in ((14, "memory", WINDOW_32),
                                   (15, "prefetch", WINDOW_64_PREFETCH)):
            if side in f.windows:
                lines[index] = (*f.windows[side], flags)
    return "\n".join(f"0x{a:016x} 0x{b:016x} 0x{c:016x}" for a, b, c in lines)


def set_run_state(f):
    """Command register as the driver, or its absence, leaves it."""
    if f.driver in VFIO_DRIVERS or not f.driver:
        f.command = 0x0002 if f.bars else 0
    else:
        f.command = 0x0406  # memory, bus master, no INTx


def config_bytes(f, privileged):
    if f.fallen_off:
        return b"\xff" * (4096 if privileged else 64)
    data = config_space.build(f)
    return data if privileged else data[:64]


def attributes(f, cpus, privileged):
    held_by_vfio = f.driver in VFIO_DRIVERS
    speed, width = f.link
    speed_text = f"{SPEEDS[speed]} GT/s PCIe" if width else "Unknown"
    result = {
        "vendor": f"0x{f.vendor:04x}",
        "device": f"0x{f.device:04x}",
        "subsystem_vendor": f"0x{f.subvendor:04x}",
        "subsystem_device": f"0x{f.subdevice:04x}",
        "class": f"0x{f.class_code:06x}",
        "revision": f"0x{f.revision:02x}",
        "modalias": f.modalias,
        "uevent": "\n".join(([f"DRIVER={f.driver}"] if f.driver else []) + [
            f"PCI_CLASS={f.class_code:X}",
            f"PCI_ID={f.vendor:04X}:{f.device:04X}",
            f"PCI_SUBSYS_ID={f.subvendor:04X}:{f.subdevice:04X}",
            f"PCI_SLOT_NAME={f.address}", f"MODALIAS={f.modalias}"]),
        "resource": resource_text(f),
        "config": config_bytes(f, privileged),
        "irq": "0",
        "numa_node": str(f.node),
        "local_cpulist": cpu_ranges(cpus),
        "driver_override": f.driver_override or "(null)",
        "enable": "1" if f.driver and not held_by_vfio else "0",
        "current_link_speed": speed_text,
        "current_link_width": str(width),
        "max_link_speed": speed_text,
        "max_link_width": str(width),
        "power_state": "D3hot" if held_by_vfio else "D0",
        "power/control": "auto" if held_by_vfio else "on",
        "power/runtime_status": "suspended" if held_by_vfio else "active",
        "broken_parity_status": "0",
        "consistent_dma_mask_bits": "64",
        "dma_mask_bits": "64",
        "d3cold_allowed": "1",
        "msi_bus": "1",
    }
    if f.reset_method:
        result["reset_method"] = f.reset_method
    if f.total_vfs:
        result["sriov_totalvfs"] = str(f.total_vfs)
        result["sriov_numvfs"] = "0"
    if f.is_bridge:
        result["secondary_bus_number"] = str(f.secondary)
        result["subordinate_bus_number"] = str(f.subordinate)
    return result


def write_function(tree, f, cpus, privileged=True):
    path = f.directory
    tree.write_all(path, attributes(f, cpus, privileged))
    tree.link(f"{path}/subsystem", "sys/bus/pci")
    tree.link(f"sys/bus/pci/devices/{f.address}", path)
    if f.driver:
        driver = f"sys/bus/pci/drivers/{f.driver}"
        tree.link(f"{path}/driver", driver)
        tree.link(f"{driver}/{f.address}", path)
    if f.group is not None:
        group = f"sys/kernel/iommu_groups/{f.group}"
        tree.link(f"{path}/iommu_group", group)
        tree.link(f"{group}/devices/{f.address}", path)
    if f.firmware_node:
        tree.link(f"{path}/firmware_node", f.firmware_node)
        tree.link(f"{f.firmware_node}/physical_node", path)
    if f.vfio_index is not None:
        write_vfio_device(tree, f)


def write_vfio_device(tree, f):
    vfio = f"vfio{f.vfio_index}"
    path = f"{f.directory}/vfio-dev/{vfio}"
    tree.write(f"{path}/dev", f"509:{f.vfio_index}")
    tree.write(f"{path}/uevent",
               f"MAJOR=509\nMINOR={f.vfio_index}\nDEVNAME=vfio/devices/{vfio}")
    tree.link(f"{path}/device", f.directory)
    tree.link(f"{path}/subsystem", "sys/class/vfio-dev")
    tree.link(f"sys/class/vfio-dev/{vfio}", path)
