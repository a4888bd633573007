# SPDX-License-Identifier: GPL-2.0-or-later
"""A host's YAML description, with the defaults of parts.yaml filled in."""

import itertools
import os
from dataclasses import dataclass, field

import yaml

from . import acpi, pci

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# Every key a description may have; a typing error is an error.
HOST_KEYS = {"description", "like", "machine", "privileged", "board", "sockets",
             "cpus_per_socket", "memory_mib", "firmware", "oem", "gpus",
             "functions", "iommu", "groups", "kernel", "modules", "tools",
             "huge_pages", "direct_regions", "damage", "files", "links",
             "other_kernels", "security"}
GPU_KEYS = {"model", "segment", "bus", "base", "device", "subsystem", "pxm",
            "gi_pxm", "dsd", "dsd_form", "driver", "driver_override",
            "iommu_group", "smmu", "above", "fallen_off", "old_bus_byte",
            "egm", "online_mib"}


@dataclass
class Gpu:
    function: pci.Function
    model: dict
    dsd: dict
    dsd_form: str
    dsd_pxm: int
    gi_pxm: int
    base: int
    egm: dict | None
    old_bus_byte: bool
    online_mib: int
    switches: list = field(default_factory=list)

    def pxms(self):
        """As SRAT has them."""
        if self.gi_pxm is None:
            return []
        return list(range(self.gi_pxm, self.gi_pxm + 8))


@dataclass
class Host:
    spec: dict
    parts: dict
    functions: list = field(default_factory=list)
    gpus: list = field(default_factory=list)

    def __getattr__(self, name):
        try:
            return self.__dict__["spec"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def oem_table(self):
        kind = "x" if self.gpus else "c"
        return self.spec["oem"]["table"] + (
            f"{kind}{self.sockets}" if self.spec["oem"]["count"] else "")

    @property
    def oem(self):
        return self.spec["oem"]["id"]

    @property
    def segment_is_socket(self):
        """On Grace the high digit of the segment is the socket."""
        return self.oem == "NVIDIA" and self.sockets > 1

    def dram(self, socket):
        """Base and size of what Linux may use; an EGM carve-out is not."""
        return ((socket << 44) + 0x80000000,
                (self.memory_mib[socket] + 1023) // 1024 << 30)

    def pxm_owner(self, pxm):
        """(socket, None) for processors, (socket, GPU) for a GPU's domains."""
        if pxm < self.sockets:
            return (pxm, None)
        for gpu in self.gpus:
            if pxm in gpu.pxms():
                return (self.socket_of(gpu.function.segment), gpu)
        return None

    def socket_of(self, segment):
        return segment >> 4 if self.segment_is_socket else 0

    def cpus(self, socket):
        first = socket * self.cpus_per_socket
        return range(first, first + self.cpus_per_socket)


def merge(base, over):
    """Maps key by key, lists of GPUs GPU by GPU, anything else replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        result = dict(base)
        for key, value in over.items():
            if key == "gpus" and isinstance(base.get(key), list):
                result[key] = [merge(b, o) for b, o in zip(
                    base[key], value + [{}] * len(base[key]))]
            else:
                result[key] = merge(base.get(key), value)
        return result
    return over


def load_yaml(path, used):
    used.append(path)
    with open(path) as file:
        return yaml.load(file, Loader)


def load_spec(path, used):
    spec = load_yaml(path, used)
    check_keys(os.path.basename(path), spec, HOST_KEYS)
    if "like" in spec:
        other = os.path.join(os.path.dirname(path), spec["like"] + ".yaml")
        spec = merge(load_spec(other, used), spec)
    return spec


def check_keys(where, spec, known):
    unknown = set(spec) - known
    if unknown:
        raise ValueError(f"{where}: unknown key {sorted(unknown)}")


def load(path, add_functions=None):
    """The host and the files that its description was read from."""
    used = []
    parts_path = os.path.join(os.path.dirname(path), "..", "parts.yaml")
    parts = load_yaml(os.path.normpath(parts_path), used)
    spec = load_spec(path, used)
    board = parts["boards"][spec.get("board", "grace")]
    spec = merge(parts["defaults"], merge(board["defaults"], spec))
    host = Host(spec, parts)
    for socket in range(host.sockets):
        add_board_functions(host, board, socket)
    for index, gpu in enumerate(spec.get("gpus", [])):
        check_keys(f"gpu {index}", gpu, GPU_KEYS)
        host.gpus.append(add_gpu(host, gpu))
    add_extra_functions(host)
    if add_functions:
        add_functions(host)
    finish_functions(host)
    return host, used


def add_board_functions(host, board, socket):
    key = "first_socket" if socket == 0 else "other_socket"
    for node in board[key]:
        segment = node.get("segment", 0) + (socket << 4 if socket else 0)
        host.functions += pci.from_description(node, segment, socket)


def add_extra_functions(host):
    by_address = {f.address: f for f in host.functions}
    for node in host.spec.get("functions", []):
        parent = by_address[node["under"]]
        added = pci.from_description(node, parent.segment, parent.node,
                                     parent)
        host.functions += added
        by_address.update((f.address, f) for f in added)


def add_gpu(host, spec):
    model = host.parts["gpus"][spec["model"]]
    segment, bus = spec["segment"], spec.get("bus", 1)
    node = host.socket_of(segment)
    root_spec = dict(host.parts["gpu_root_port"], at="00:00.0")
    parent, = pci.from_description(root_spec, segment, node)
    host.functions.append(parent)
    switches = []
    for bridge in spec.get("above", []):
        parent, = pci.from_description(bridge, segment, node, parent)
        switches.append(parent)
        host.functions.append(parent)
    function = gpu_function(spec, model, segment, bus, node, parent)
    host.functions.append(function)
    gpu = Gpu(function=function, model=model, dsd={},
              dsd_form=spec.get("dsd_form", "literal"),
              dsd_pxm=spec.get("pxm"), gi_pxm=spec.get("gi_pxm",
                                                        spec.get("pxm")),
              base=spec.get("base", 0), egm=spec.get("egm"),
              old_bus_byte=spec.get("old_bus_byte", False),
              online_mib=spec.get("online_mib", 0), switches=switches)
    gpu.dsd = dsd_properties(gpu, spec, model)
    function.gpu = gpu
    return gpu


def gpu_function(spec, model, segment, bus, node, parent):
    f = pci.Function(
        segment, bus, 0, 0, 0x10DE, int(str(spec.get("device",
                                                     model["device"])), 16),
        0x10DE, int(str(spec.get("subsystem", model["subsystem"])), 16),
        0x030200, revision=0xA1, kind=model["family"], parent=parent,
        node=node, link=(4, 1))  # the link is synthetic
    f.bars = {int(i): pci.parse_bar(b) for i, b in model["bars"].items()}
    f.driver = spec.get("driver")
    f.driver_override = spec.get("driver_override")
    f.group = spec.get("iommu_group")
    f.smmu = spec.get("smmu")
    f.fallen_off = spec.get("fallen_off", False)
    f.total_vfs = model.get("vfs", 0)
    f.serial = 0x48B02D0000000000 | segment << 8 | bus
    # GPU0 has _RST, so the kernel offers `acpi`.
    f.reset_method = "acpi flr bus"
    place_gpu_bars(f)
    return f


def place_gpu_bars(f):
    """As seen on GH200 at segment 9; the same shape, 2 TiB apart, elsewhere.
    Addresses on other segments are not published."""
    slots = {0x08: 0, 0x09: 1, 0x18: 2, 0x19: 3, 0x29: 4, 0x39: 5}
    start = 0x641000000000 + slots[f.segment] * 0x20000000000
    f.bars[4].start = start
    after = start + f.bars[4].size
    f.bars[0].start = -(-after // f.bars[0].size) * f.bars[0].size
    after = start + 0x1000000000
    f.bars[2].start = -(-after // f.bars[2].size) * f.bars[2].size


def dsd_properties(gpu, spec, model):
    """In the firmware's order. `dsd:` changes values; null leaves one out."""
    values = {"nvidia,gpu-mem-base-pa": gpu.base,
              "nvidia,gpu-mem-pxm-start": gpu.dsd_pxm,
              "nvidia,gpu-mem-pxm-count": 8,
              "nvidia,gpu-mem-size": model["hbm_size"]}
    if gpu.egm:
        values["nvidia,egm-base-pa"] = gpu.egm["base"]
        values["nvidia,egm-size"] = gpu.egm["size"]
        values["nvidia,egm-pxm"] = gpu.egm["pxm"]
        values["nvidia,egm-retired-pages-data-base"] = gpu.egm["retired"]
    values.update(spec.get("dsd", {}))
    return {k: v for k, v in values.items() if v is not None}


def finish_functions(host):
    """Everything that depends on all functions being known."""
    host.functions.sort(key=lambda f: (f.segment, f.bus, f.devfn))
    pci.attach_children(host.functions)
    spaces = {f.segment: pci.Space(f.segment) for f in host.functions}
    for gpu in host.gpus:
        spaces[gpu.function.segment].start_after(gpu.function.bars.values())
    for f in host.functions:
        if not f.parent:
            pci.number_buses(f)
            pci.place_bars(f, spaces[f.segment])
        pci.set_run_state(f)
    number_groups(host)
    name_acpi(host)
    vfio = [f for f in host.functions if f.driver in pci.VFIO_DRIVERS]
    for index, f in enumerate(vfio):
        f.vfio_index = index


def number_groups(host):
    """Each function alone in a group, unless the description says otherwise;
    groups in PCI order around those that are given."""
    if host.iommu == "none":
        for f in host.functions:
            f.group = f.smmu = None
        return
    taken = {f.group for f in host.functions if f.group is not None}
    numbers = (n for n in itertools.count() if n not in taken)
    by_address = {f.address: f for f in host.functions}
    for f in host.functions:
        if f.smmu is None:
            f.smmu = default_iommu(host, f.segment)
        if f.group is None and not f.group_with:
            f.group = next(numbers)
    for f in host.functions:
        if f.group_with:
            f.group = by_address[f.group_with].group


def default_iommu(host, segment):
    """Bases of the GPUs' two SMMUs and of the others, from the firmware
    sources; which GPU hangs on which is inferred."""
    if host.iommu != "smmu":
        return host.iommu
    base = {0x8: 0x16000000, 0x9: 0x05000000}.get(segment & 0xF, 0x11000000)
    return f"smmu3.0x{base | segment >> 4 << 44:016x}"


def name_acpi(host):
    """ACPI names of root ports, switches and GPUs, and Linux's names for
    them: device:NN counts all devices without a _HID, in tree order."""
    count = 0
    bridges = {s: i for i, s in enumerate(
        sorted({f.segment for f in host.functions}))}
    for f in host.functions:
        if f.parent is None and f.is_bridge:
            base = (f"sys/devices/LNXSYSTM:00/LNXSYBUS:00/"
                    f"PNP0A08:{bridges[f.segment]:02x}")
            path = f"\\_SB_.{acpi.host_bridge_name(f.segment)}"
            name = f"RP{f.slot:02X}"
        elif f.parent and f.parent.firmware_node and leads_to_gpu(f):
            base, path = f.parent.firmware_node, f.parent.acpi_path
            name = "GPU0" if f.gpu else f"SW{len(f.above()) - 1:02X}"
        else:
            continue
        f.acpi_path = f"{path}.{name}"
        f.acpi_adr = f.slot << 16 | f.number
        f.firmware_node = f"{base}/device:{count:02x}"
        count += 1


def leads_to_gpu(f):
    return f.gpu is not None or any(leads_to_gpu(c) for c in f.children)
