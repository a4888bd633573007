// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nvgpuctl {

// Where a PCI function sits. The domain is what ACPI calls the segment; Linux
// prints it with four digits or, for domains that it makes up itself, more.
struct PciAddress {
  std::uint32_t domain = 0;
  std::uint8_t bus = 0;
  std::uint8_t device = 0;    // 0 to 31
  std::uint8_t function = 0;  // 0 to 7

  friend auto operator<=>(const PciAddress&, const PciAddress&) = default;
};

// As the kernel spells it: "0009:01:00.0".
std::string to_string(const PciAddress& address);

// "/sys/bus/pci/devices/0009:01:00.0/driver"; its folder when nothing is named.
std::string sysfs_path(const PciAddress& address,
                       std::string_view attribute = {});

// Accepts 0009:01:00.0, short forms (9:1:0.0, 1:0.0 in domain 0), and libvirt's
// node device name pci_0009_01_00_0. Nothing for anything else.
std::optional<PciAddress> parse_pci_address(std::string_view text);

}  // namespace nvgpuctl
