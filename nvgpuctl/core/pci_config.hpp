// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace nvgpuctl {

// One entry of a capability list. Ids as in the PCI Code and ID Assignment
// Specification and <linux/pci_regs.h>.
struct PciCapability {
  std::uint16_t id = 0;
  std::uint16_t offset = 0;  // bytes into configuration space
  std::uint8_t version = 0;  // extended capabilities only
  bool extended = false;
};

// Designated Vendor-Specific Extended Capability (extended id 0x23).
struct PciDvsec {
  std::uint16_t vendor = 0;
  std::uint16_t id = 0;
  std::uint16_t offset = 0;
  std::uint16_t length = 0;
};

struct PciSriov {
  std::uint16_t total_vfs = 0;
  std::uint16_t initial_vfs = 0;
  std::uint16_t num_vfs = 0;
};

// What configuration space says. A function that has fallen off the bus reads
// as all ones; that is not an error here but `present == false`.
struct PciConfig {
  bool present = true;
  bool extended_readable = false;  // more than 256 bytes were given
  std::size_t bytes_read = 0;
  // All of conventional space, to a privileged reader on a kernel that reaches
  // no more; ordinary users get the header alone.
  bool is_conventional_only() const {
    return !extended_readable && bytes_read > 64;
  }
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint16_t status = 0;
  std::uint8_t revision = 0;
  std::uint32_t class_code = 0;  // 24 bits
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem_device = 0;
  std::vector<PciCapability> capabilities;  // in list order
  std::vector<PciDvsec> dvsecs;
  std::optional<PciSriov> sriov;
  // Bit 0 of the word at +0xA of NVIDIA's DVSEC 3: set on GPUs without the MIG
  // erratum, as Linux's nvgrace-gpu tests it. Nothing when there is no such
  // DVSEC.
  std::optional<bool> mig_erratum_fixed;
  std::vector<std::string> warnings;  // loops, pointers out of range, …

  // Offset of the CXL consortium's DVSEC for CXL devices (vendor 0x1e98, id 0),
  // which says whether memory that the GPU presents as CXL is there.
  std::optional<std::uint16_t> cxl_device_dvsec() const;
};

// `bytes` is what could be read: 64 (unprivileged), 256 or 4096 bytes. Fails
// only when there are fewer than 64; lists that loop or leave the space are
// cut there with a warning.
Result<PciConfig> parse_pci_config(Bytes bytes);

}  // namespace nvgpuctl
