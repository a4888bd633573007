// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/acpi_table.hpp"
#include "core/pci_address.hpp"

namespace nvgpuctl {

// SRAT type 1.
struct SratMemory {
  std::uint32_t pxm = 0;
  std::uint64_t base = 0;
  std::uint64_t length = 0;  // bytes; 0 is normal for GPU placeholders
  bool enabled = false;
  bool hot_pluggable = false;
};

// SRAT type 5, device handle of type PCI.
struct SratGenericInitiator {
  std::uint32_t pxm = 0;
  PciAddress address;
  bool enabled = false;
  // The handle was read as old hypervisors wrote it: bus in the devfn byte.
  bool old_byte_order = false;
};

struct Srat {
  // Proximity domains in the order in which Linux gives out node numbers:
  // types 0, 2, 3, 5 and 7 in one pass, which a disabled entry of type 5 ends,
  // then type 1 (Linux, acpi_numa_init()). Enabled entries only, each domain
  // once.
  std::vector<std::uint32_t> pxm_order;
  std::vector<std::uint32_t> cpu_pxms;  // domains with a processor, sorted
  std::vector<SratMemory> memory;
  std::vector<SratGenericInitiator> generic_initiators;
  std::vector<std::string> warnings;
};

// Fails on a truncated structure; unknown types are skipped by their length.
Result<Srat> parse_srat(const AcpiTable& table);

struct Slit {
  static constexpr std::uint8_t kUnreachable = 255;

  std::uint32_t localities = 0;
  std::vector<std::uint8_t> distances;  // row by row

  // Nothing when a domain is outside the matrix.
  std::optional<std::uint8_t> distance(std::uint32_t from,
                                       std::uint32_t to) const;
};

Result<Slit> parse_slit(const AcpiTable& table);

// Linux node of each proximity domain, replayed as the kernel assigns them.
std::map<std::uint32_t, unsigned> replay_pxm_to_node(const Srat& srat);

}  // namespace nvgpuctl
