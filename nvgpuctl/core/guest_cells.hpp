// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "core/domain_request.hpp"

namespace nvgpuctl {

// A guest cell with CPUs and memory: the guest's share of one host node.
struct GuestCpuCell {
  unsigned host_node = 0;
  unsigned first_vcpu = 0;
  unsigned vcpus = 0;
  std::uint64_t memory_kib = 0;
  bool fits = true;  // into the host node's memory

  friend bool operator==(const GuestCpuCell&, const GuestCpuCell&) = default;
};

// Splits vCPUs and memory over the cells that a guest needs; none where it has
// cells already (GuestRoom). Errors (usage): no cell, too many, or fewer vCPUs,
// MiB or huge pages than cells.
Result<std::vector<GuestCpuCell>> split_cpus(const DomainRequest& request);

}  // namespace nvgpuctl
