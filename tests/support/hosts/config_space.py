# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI configuration space, put together from capabilities.

Offsets and layouts: PCI Express Base Specification 5.0 chapter 7 and
<linux/pci_regs.h>. The order of the lists of GH100 and GB100 follows NVIDIA's
open kernel modules (dev_xtl_ep_pcfg_gpu.h, dev_pcfg_pf0.h).
"""

import struct

SIZE = 4096
PORT_ENDPOINT, PORT_ROOT, PORT_UPSTREAM, PORT_DOWNSTREAM = 0, 4, 5, 6
NVIDIA, CXL = 0x10DE, 0x1E98
MIB, GIB = 1 << 20, 1 << 30


class ConfigSpace:
    """Type 0 or type 1 header; capabilities chain in the order of the calls."""

    def __init__(self, function):
        self.bytes = bytearray(SIZE)
        self._last_standard = None
        self._last_extended = None
        f = function
        self.put("<HHHHBBH", 0x00, f.vendor, f.device, f.command, 0x0010,
                 f.revision, f.class_code & 0xFF, f.class_code >> 8)
        self.bytes[0x0E] = 1 if f.is_bridge else 0
        if f.is_bridge:
            self._bridge_header(f)
        else:
            self.put("<HH", 0x2C, f.subvendor, f.subdevice)
            self._bars(f)
        self.put("<BB", 0x3C, 0xFF, 0x01)  # no legacy line, INTA

    def put(self, layout, offset, *values):
        struct.pack_into(layout, self.bytes, offset, *values)

    def _bars(self, f):
        for index, bar in f.bars.items():
            low = bar.start | (bar.flags & 0xF)
            self.put("<I", 0x10 + 4 * index, low & 0xFFFFFFFF)
            if bar.flags & 0x4:
                self.put("<I", 0x14 + 4 * index, bar.start >> 32)

    def _bridge_header(self, f):
        self.put("<BBBB", 0x18, f.bus, f.secondary, f.subordinate, 0)
        self.put("<BB", 0x1C, 0xF1, 0x01)  # no I/O window: base over limit
        low, high = f.windows.get("memory", (0xFFF00000, 0x000FFFFF))
        self.put("<HH", 0x20, (low >> 16) & 0xFFF0, (high >> 16) & 0xFFF0)
        low, high = f.windows.get("prefetch", (0xFFF00000, 0x000FFFFF))
        self.put("<HH", 0x24, (low >> 16) & 0xFFF0 | 1,
                 (high >> 16) & 0xFFF0 | 1)
        self.put("<II", 0x28, low >> 32, high >> 32)

    def capability(self, offset, cap_id, body):
        if self._last_standard is None:
            self.put("<B", 0x34, offset)
        else:
            self.put("<B", self._last_standard + 1, offset)
        self.put("<BB", offset, cap_id, 0)
        self.bytes[offset + 2:offset + 2 + len(body)] = body
        self._last_standard = offset

    def extended(self, offset, cap_id, version, body):
        if self._last_extended is not None:
            header, = struct.unpack_from("<I", self.bytes, self._last_extended)
            self.put("<I", self._last_extended, header | offset << 20)
        self.put("<I", offset, cap_id | version << 16)
        self.bytes[offset + 4:offset + 4 + len(body)] = body
        self._last_extended = offset

    # Standard capabilities.

    def power_management(self, offset):
        self.capability(offset, 0x01, struct.pack("<HHH", 0x0003, 0x0008, 0))

    def msi(self, offset, vectors_log2=0):
        control = 0x0180 | vectors_log2 << 1  # 64-bit, maskable
        self.capability(offset, 0x05, struct.pack("<HIIHHII", control, 0, 0, 0,
                                                  0, 0, 0))

    def msix(self, offset, vectors, table, pending):
        self.capability(offset, 0x11,
                        struct.pack("<HII", vectors - 1, table, pending))

    def vendor_specific(self, offset, length):
        self.capability(offset, 0x09, struct.pack("<B", length))

    def subsystem(self, offset, vendor, device):
        self.capability(offset, 0x0D, struct.pack("<HHH", 0, vendor, device))

    def express(self, offset, port, speed, width, slot=False):
        """speed: 3 is 8 GT/s, 4 is 16 GT/s, 5 is 32 GT/s."""
        flags = 2 | port << 4 | (0x100 if slot else 0)
        device = 0x8001 | 0x20 | (1 << 28 if port == PORT_ENDPOINT else 0)
        link = speed | width << 4 | 3 << 10
        status = speed | width << 4
        speeds = sum(1 << bit for bit in range(1, speed + 1))
        self.capability(offset, 0x10, struct.pack(
            "<HIHHIHHIHHHHI" "IHHIHHIHH",
            flags, device, 0x2930, 0, link, 0x40, status,
            0, 0, 0,        # slot
            0, 0, 0,        # root
            0x0001081F, 0, 0,
            speeds, speed, 0x1E,
            0, 0, 0))

    # Extended capabilities.

    def aer(self, offset):
        self.extended(offset, 0x01, 2, struct.pack(
            "<IIIIIIIIIIIIIIIII", 0, 0, 0x00462030, 0, 0x2000, 0xA0,
            *[0] * 11))

    def serial_number(self, offset, serial):
        self.extended(offset, 0x03, 1, struct.pack("<Q", serial))

    def power_budgeting(self, offset):
        self.extended(offset, 0x04, 1, bytes(12))

    def vendor_specific_extended(self, offset, vsec_id, length):
        self.extended(offset, 0x0B, 1, struct.pack(
            "<I", vsec_id | 1 << 16 | length << 20) + bytes(length - 8))

    def acs(self, offset):
        self.extended(offset, 0x0D, 1, struct.pack("<HH", 0x5F, 0x1D))

    def ari(self, offset):
        self.extended(offset, 0x0E, 1, struct.pack("<HH", 0, 0))

    def ats(self, offset):
        self.extended(offset, 0x0F, 1, struct.pack("<HH", 0x0060, 0))

    def sriov(self, offset, total_vfs, vf_device):
        self.extended(offset, 0x10, 1, struct.pack(
            "<IHHHHHHHHHHII" "6I" "I", 0x2, 0, 0, total_vfs, total_vfs, 0, 0,
            2, 1, 0, vf_device, 0x553, 1, 0, 0xC, 0, 0xC, 0, 0xC, 0))

    def resizable_bar(self, offset, bar, size, cap_id=0x15):
        log2 = size.bit_length() - 1 - 20
        self.extended(offset, cap_id, 1, struct.pack(
            "<II", 1 << (log2 + 4), bar | 1 << 5 | log2 << 8))

    def ltr(self, offset):
        self.extended(offset, 0x18, 1, struct.pack("<HH", 0, 0))

    def secondary_express(self, offset):
        self.extended(offset, 0x19, 1, bytes(8) + bytes([0x7F] * 8))

    def pasid(self, offset):
        self.extended(offset, 0x1B, 1, struct.pack("<HH", 0x1404, 0))

    def l1_substates(self, offset):
        self.extended(offset, 0x1E, 1, struct.pack("<III", 0x0028FF1F, 0, 0))

    def dvsec(self, offset, vendor, dvsec_id, body, revision=0):
        """Body: what follows the id, from +0xA."""
        length = 10 + len(body)
        self.extended(offset, 0x23, 1, struct.pack(
            "<HHH", vendor, revision | length << 4, dvsec_id) + body)

    def data_link_feature(self, offset):
        self.extended(offset, 0x25, 1, struct.pack("<II", 0x80000001, 0))

    def physical_layer_16gt(self, offset):
        self.extended(offset, 0x26, 1, bytes(0x20))

    def lane_margining(self, offset):
        self.extended(offset, 0x27, 1, bytes(0x44))

    def physical_layer_32gt(self, offset):
        self.extended(offset, 0x2A, 1, bytes(0x1C))


def hopper(f):
    """GH100 as on a Grace Hopper superchip."""
    c = ConfigSpace(f)
    c.power_management(0x40)
    c.msi(0x48, vectors_log2=4)
    c.express(0x60, PORT_ENDPOINT, speed=4, width=1)
    c.vendor_specific(0x9C, 0x14)
    c.msix(0xB0, 9, table=0x00B90000, pending=0x00BA0000)
    c.secondary_express(0x100)  # offset not published
    c.ltr(0x12C)
    c.resizable_bar(0x134, 2, f.bars[2].size)
    c.aer(0x1B8)
    c.sriov(0x250, f.total_vfs, f.device)
    c.l1_substates(0x290)
    c.vendor_specific_extended(0x2A4, 1, 0x14)
    c.power_budgeting(0x2B8)
    c.serial_number(0x2F0, f.serial)
    c.ats(0x300)  # present on self-hosted parts, offsets not published
    c.pasid(0x308)
    return c


def blackwell(f):
    """GB100 as on a Grace Blackwell superchip. Which of these are live on
    GB200 is decided by fuses and not published."""
    c = ConfigSpace(f)
    c.express(0x40, PORT_ENDPOINT, speed=4, width=1)
    c.msix(0x7C, 9, table=0x00B90000, pending=0x00BA0000)
    c.power_management(0x88)
    c.vendor_specific(0x90, 0x14)
    c.vendor_specific(0xA4, 0x14)
    c.serial_number(0x100, f.serial)
    # CXL DVSEC 0. The dword at +0x1c says: memory information valid, active.
    c.dvsec(0x10C, CXL, 0, bytes(0x12) + struct.pack("<I", 3) + bytes(0x1C),
            revision=1)
    c.aer(0x148)
    c.ltr(0x190)
    c.resizable_bar(0x198, 2, f.bars[2].size)
    c.resizable_bar(0x1A4, 2, 4 * GIB, cap_id=0x24)
    c.data_link_feature(0x1D8)
    c.physical_layer_16gt(0x1E4)
    c.physical_layer_32gt(0x214)
    c.secondary_express(0x244)
    c.lane_margining(0x270)
    c.ari(0x2F8)
    c.sriov(0x300, f.total_vfs, f.device)
    c.l1_substates(0x340)
    c.power_budgeting(0x368)
    c.ats(0x3A8)
    c.pasid(0x3B0)
    c.dvsec(0xAF0, NVIDIA, 1, bytes(0x12))
    c.dvsec(0xB0C, NVIDIA, 2, bytes(6))
    # The variant driver looks for id 3; bit 0 of the word at +0xA: no erratum.
    # That the one at 0xba4 has this id is inferred.
    c.dvsec(0xBA4, NVIDIA, 3, struct.pack("<HI", 1, 0))
    return c


def bridge(f):
    c = ConfigSpace(f)
    c.power_management(0x40)
    c.subsystem(0x48, f.subvendor, f.subdevice)
    c.msi(0x50)
    speed, width = f.link
    c.express(0x70, f.port, speed, width, slot=f.port == PORT_ROOT)
    c.aer(0x100)
    if f.acs:
        c.acs(0x148)
    c.secondary_express(0x160)
    return c


def endpoint(f):
    """A NIC, a disk, a VGA adapter: what most functions have."""
    c = ConfigSpace(f)
    c.power_management(0x40)
    speed, width = f.link
    if width:
        c.express(0x60, PORT_ENDPOINT, speed, width)
        c.msix(0xB0, 32, table=0x2000, pending=0x3000)
        c.aer(0x100)
        if f.total_vfs:
            c.sriov(0x180, f.total_vfs, f.device + 1)
    return c


KINDS = {"hopper": hopper, "blackwell": blackwell, "bridge": bridge,
         "endpoint": endpoint}


def build(function):
    return bytes(KINDS[function.kind](function).bytes)
