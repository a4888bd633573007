// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/gpu.hpp"

// Linux does not export which node a proximity domain became. The numbers that
// we derive are compared with everything that sysfs does show of the nodes.

namespace nvgpuctl {

// What sysfs gives from one online node to another; nothing when it does not.
std::optional<unsigned> sysfs_distance(const NumaFacts& numa, unsigned from,
                                       unsigned to);

// CONFIG_NODES_SHIFT: the kernel has room for 2^this nodes. Nothing: not known.
std::optional<std::uint64_t> nodes_shift(const KernelFacts& kernel);

// Whether the kernel is known to be built without CONFIG_NUMA: the option above
// is there wherever that is.
bool is_without_numa(const KernelFacts& kernel);

struct NumaDisagreement {
  std::string detail;
  std::string evidence;  // path
};

// Where the nodes that SRAT and SLIT give, by the replayed `node_of`, part with
// sysfs, as far as this GPU depends on them. Attributes that are missing say
// nothing. The GPU has nodes, and the host has an SRAT.
std::vector<NumaDisagreement> compare_with_sysfs(
    const HostSnapshot& host, const std::map<std::uint32_t, unsigned>& node_of,
    const Gpu& gpu);

// What speaks against `nodes` being those of the one GPU that sits at the
// socket of node `cpu_node`. Nothing: sysfs shows what such a GPU shows.
std::optional<NumaDisagreement> contradiction_of_guess(
    const NumaFacts& numa, const std::vector<unsigned>& nodes,
    std::optional<unsigned> cpu_node);

}  // namespace nvgpuctl
