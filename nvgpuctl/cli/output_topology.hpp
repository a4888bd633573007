// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "cli/output.hpp"
#include "core/topology.hpp"

// One picture, three ways: for a terminal, as SVG, for programs.

namespace nvgpuctl::cli {

void print_topology(Context& context, const Topology& topology);
// A file of its own: no fonts, scripts or links.
std::string topology_svg(const Topology& topology);
// The same as an element of a page.
std::string topology_picture(const Topology& topology);
Json topology_json(const Topology& topology);

// Words that text and SVG share.

// "94.50 GiB"; "no memory" for 0.
std::string memory_text(std::uint64_t bytes);
// "NUMA node 0: CPUs 0-71, 480 GiB"
std::string socket_text(const TopologySocket& socket);
// "1-8", "" for none.
std::string node_list(const std::vector<TopologyNode>& nodes);
// "driver vfio-pci", "no driver"
std::string driver_text(const TopologyGpu& gpu);
// "IOMMU group 19 behind smmu3.0x0000000005000000"
std::string iommu_text(const TopologyGpu& gpu);
// "2 sockets, 4 GPUs, 34 NUMA nodes, Linux 7.3.4-64k aarch64"
std::string summary_text(const Topology& topology);
// "NUMA nodes 1-8 (srat), no memory online"
std::string initiators_text(const TopologyGpu& gpu);

}  // namespace nvgpuctl::cli
