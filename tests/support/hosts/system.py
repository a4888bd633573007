# SPDX-License-Identifier: GPL-2.0-or-later
"""What a host's kernel shows apart from PCI functions."""

from . import acpi, pci
from .tree import cpu_ranges

BRIDGE = "sys/devices/LNXSYSTM:00/LNXSYBUS:00"
MIB = 1 << 20


def max_nodes(host):
    return 1 << int(host.kernel["config"]["NODES_SHIFT"])


def write_acpi(tree, host, tables):
    tree.directory("sys/firmware/acpi/tables")
    if host.privileged:
        for name, data in tables.items():
            tree.write(f"sys/firmware/acpi/tables/{name}", data)
    for index, segment in enumerate(sorted({f.segment
                                            for f in host.functions})):
        node = f"{BRIDGE}/PNP0A08:{index:02x}"
        tree.write_all(node, {
            "path": f"\\_SB_.{acpi.host_bridge_name(segment)}",
            "hid": "PNP0A08", "uid": str(segment),
            "modalias": "acpi:PNP0A08:PNP0A03:"})
        tree.link(f"sys/devices/pci{segment:04x}:00/firmware_node", node)
        tree.link(f"{node}/physical_node", f"sys/devices/pci{segment:04x}:00")
    # No hid, uid or status: the objects have no such methods.
    for f in host.functions:
        if f.firmware_node:
            tree.write_all(f.firmware_node, {
                "path": f.acpi_path, "adr": f"0x{f.acpi_adr:08x}"})


# NUMA.

def nodes_of(host, records):
    """node → (proximity domain or None, CPUs, memory in KiB)."""
    mapping = acpi.pxm_to_node(records, max_nodes(host))
    if mapping is None:  # "Faking a node": everything in node 0
        cpus = range(host.sockets * host.cpus_per_socket)
        return {0: (None, cpus, sum(host.memory_mib) * 1024)}
    nodes = {node: (pxm, range(0), 0) for pxm, node in mapping.items()}
    for socket in range(host.sockets):
        nodes[mapping[socket]] = (socket, host.cpus(socket),
                                  host.memory_mib[socket] * 1024)
    for gpu in host.gpus:
        if gpu.online_mib:
            pxm = gpu.pxms()[0]
            nodes[mapping[pxm]] = (pxm, range(0), gpu.online_mib * 1024)
    return dict(sorted(nodes.items()))


def write_nodes(tree, host, records):
    nodes = nodes_of(host, records)
    top = "sys/devices/system/node"
    initiators = {pxm for kind, pxm, _ in records if kind == 5}
    tree.write_all(top, {
        "online": cpu_ranges(nodes),
        "possible": cpu_ranges(nodes),
        "has_cpu": cpu_ranges(n for n, (_, cpus, _) in nodes.items() if cpus),
        "has_memory": cpu_ranges(n for n, (_, _, kib) in nodes.items() if kib),
        "has_normal_memory": cpu_ranges(
            n for n, (_, _, kib) in nodes.items() if kib),
        "has_generic_initiator": cpu_ranges(
            n for n, (pxm, _, _) in nodes.items() if pxm in initiators)
        or "\n"})
    for node, (pxm, cpus, kib) in nodes.items():
        distances = " ".join(
            str(10 if node == n else acpi.distance(host, pxm, other))
            for n, (other, _, _) in nodes.items())
        tree.write_all(f"{top}/node{node}", {
            "cpulist": cpu_ranges(cpus) or "\n",
            "distance": distances,
            "meminfo": node_meminfo(node, kib)})


def node_meminfo(node, kib):
    rows = {"MemTotal": kib, "MemFree": kib * 9 // 10, "MemUsed": kib // 10,
            "Active": kib // 40, "Inactive": kib // 40}
    text = "\n".join(f"Node {node} {name + ':':<16} {value:8} kB"
                     for name, value in rows.items())
    return text + f"\nNode {node} HugePages_Total:     0"


# IOMMU.

def write_iommu(tree, host):
    tree.directory("sys/kernel/iommu_groups")
    groups, units = {}, {}
    for f in host.functions:
        if f.group is not None:
            groups.setdefault(f.group, []).append(f)
            units.setdefault(f.smmu, []).append(f)
    for number, members in groups.items():
        group = f"sys/kernel/iommu_groups/{number}"
        reserved = [host.parts["reserved_regions"][host.machine]]
        if any(f.vendor == 0x10DE and f.class_code >> 16 == 3
               for f in members):
            reserved += host.spec.get("direct_regions", [])
        tree.write_all(group, {
            "type": host.spec.get("groups", {}).get("type", "DMA"),
            "reserved_regions": "\n".join(reserved)})
    for index, (unit, members) in enumerate(sorted(units.items())):
        if unit.startswith("smmu3"):
            path = (f"sys/devices/platform/arm-smmu-v3.{index}.auto/"
                    f"iommu/{unit}")
        else:
            path = f"sys/devices/virtual/iommu/{unit}"
        tree.write(f"{path}/uevent", "")
        tree.link(f"sys/class/iommu/{unit}", path)
        tree.link(f"{path}/subsystem", "sys/class/iommu")
        for f in members:
            tree.link(f"{path}/devices/{f.address}", f.directory)
            tree.link(f"{f.directory}/iommu", path)


# Kernel, modules.

def write_kernel(tree, host):
    kernel, release = host.kernel, host.kernel["release"]
    tree.write("proc/version", f"Linux version {release} (builder@localhost) "
               "(gcc, GNU ld) #1 SMP PREEMPT_DYNAMIC")
    tree.write("proc/sys/kernel/osrelease", release)
    tree.write("proc/sys/kernel/arch", host.machine)
    tree.write("proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz-{release} "
               f"root=LABEL=root ro {kernel['cmdline']}".rstrip())
    lines = [f"# Linux/{host.machine} {release} Kernel Configuration"]
    for name, value in kernel["config"].items():
        lines.append(f"# CONFIG_{name} is not set" if value in ("n", False)
                     else f"CONFIG_{name}={'y' if value is True else value}")
    tree.write(f"boot/config-{release}", "\n".join(lines))
    tree.write("sys/devices/system/cpu/online",
               cpu_ranges(range(host.sockets * host.cpus_per_socket)))
    block = 0x20000000 if kernel["page_size"] == 65536 else 0x8000000
    tree.write("sys/devices/system/memory/block_size_bytes", f"{block:x}")


def write_loaded_modules(tree, host):
    loaded = []
    for f in host.functions:
        for module in host.parts["modules"]["of_driver"].get(f.driver, []):
            if module not in loaded:
                loaded.append(module)
    lines = []
    for module in reversed(loaded):
        tree.write_all(f"sys/module/{module}", {
            "initstate": "live", "refcnt": "1", "taint": "\n"})
        version = host.parts["modules"]["versions"].get(module)
        if version:
            tree.write(f"sys/module/{module}/version", version)
        lines.append(f"{module} 65536 1 - Live 0x0000000000000000")
    tree.write("proc/modules", "\n".join(lines))
    for driver in sorted({f.driver for f in host.functions if f.driver}):
        path = f"sys/bus/pci/drivers/{driver}"
        for name in ("bind", "unbind", "new_id", "remove_id", "uevent"):
            tree.write(f"{path}/{name}", "")
        module = (host.parts["modules"]["of_driver"].get(driver) or [None])[-1]
        if module:
            tree.link(f"{path}/module", f"sys/module/{module}")
    tree.directory("sys/bus/pci/slots")


# Memory and devices.

def write_memory(tree, host):
    total = sum(host.memory_mib) * 1024
    total += sum(g.online_mib for g in host.gpus) * 1024
    page = host.kernel["page_size"]
    sizes = host.parts["huge_page_sizes"][page]
    tree.write("proc/meminfo", "\n".join(
        f"{name + ':':<16}{value:>12} kB" for name, value in {
            "MemTotal": total, "MemFree": total * 9 // 10,
            "MemAvailable": total * 19 // 20,
            "Hugepagesize": sizes["default"]}.items()))
    for size in sizes["all"]:
        count = host.spec.get("huge_pages", {}).get(size, 0)
        tree.write_all(f"sys/kernel/mm/hugepages/hugepages-{size}kB",
                       {"nr_hugepages": str(count),
                        "free_hugepages": str(count)})
    tree.write("proc/iomem", iomem(host))


def iomem(host):
    """Addresses are zeroes for whoever lacks CAP_SYS_ADMIN."""
    ranges = []
    for socket in range(host.sockets):
        base, size = host.dram(socket)
        ranges.append((base, base + size - 1, "System RAM"))
    for gpu in host.gpus:
        for i in range(gpu.online_mib // 1024):
            start = gpu.base + (i << 30)
            ranges.append((start, start + (1 << 30) - 1,
                           "System RAM (NVIDIA)"))
    for f in host.functions:
        for bar in f.bars.values():
            ranges.append((bar.start, bar.start + bar.size - 1, f.address))
    rows = []
    for start, end, name in sorted(ranges):
        if not host.privileged:
            start = end = 0
        rows.append(f"{start:08x}-{end:08x} : {name}")
    return "\n".join(rows)


def write_devices(tree, host):
    """A capture has no device nodes: empty files stand for them."""
    config = host.kernel["config"]
    if config.get("KVM") == "y":
        tree.write("dev/kvm", "")
    if config.get("VFIO") in ("y", "m"):
        tree.write("dev/vfio/vfio", "")
    if config.get("IOMMUFD") in ("y", "m"):
        tree.write("dev/iommu", "")
    for f in host.functions:
        if f.driver in pci.VFIO_DRIVERS:
            if f.group is not None:
                tree.write(f"dev/vfio/{f.group}", "")
            if config.get("VFIO_DEVICE_CDEV") == "y":
                tree.write(f"dev/vfio/devices/vfio{f.vfio_index}", "")


def write_egm(tree, host):
    """NVIDIA's kernels only: one class device per socket with a carve-out."""
    carve_outs = {}
    for gpu in host.gpus:
        if gpu.egm and gpu.function.driver == "nvgrace_gpu_vfio_pci":
            carve_outs.setdefault(gpu.egm["pxm"], []).append(gpu)
    for pxm, gpus in carve_outs.items():
        path = f"sys/devices/virtual/egm/egm{pxm}"
        tree.write_all(path, {
            "egm_size": f"0x{gpus[0].egm['size']:x}",
            "gpu_devices": "\n".join(g.function.address for g in gpus)})
        tree.link(f"sys/class/egm/egm{pxm}", path)
        tree.write(f"dev/egm{pxm}", "")


def capture_text(host):
    tools = host.tools
    lines = ["capture: 1", f"description: {quote(host.description)}",
             f"machine: {host.machine}",
             f"page_size: {host.kernel['page_size']}",
             f"privileged: {str(host.privileged).lower()}"]
    if tools.get("kvm_cacheable_pfnmap") is not None:
        value = str(tools["kvm_cacheable_pfnmap"]).lower()
        lines.append(f"kvm_cacheable_pfnmap: {value}")
    lines += [f'{name}: "{tools[name]}"' for name in ("libvirt", "qemu")
              if tools.get(name)]
    return "\n".join(lines)


def quote(text):
    return '"' + " ".join(text.split()).replace('"', '\\"') + '"'
