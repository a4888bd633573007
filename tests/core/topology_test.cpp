// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/topology.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

NumaNode node(unsigned id, std::vector<unsigned> cpus, std::uint64_t bytes) {
  NumaNode made;
  made.id = id;
  made.cpus = std::move(cpus);
  made.memory_bytes = bytes;
  return made;
}

HostSnapshot two_sockets() {
  HostSnapshot host;
  host.numa.nodes = {node(0, {0, 1}, 8192), node(1, {2, 3}, 4096),
                     node(2, {}, 0), node(3, {}, 1024)};
  host.numa.online = {0, 1, 2, 3};
  return host;
}

Gpu gpu_at(unsigned domain, std::optional<unsigned> cpu_node) {
  Gpu gpu;
  gpu.pci.address.domain = domain;
  gpu.cpu_node = cpu_node;
  return gpu;
}

TEST(Topology, HangsEachGpuBelowItsOwnSocket) {
  const auto topology =
      make_topology(two_sockets(), {gpu_at(9, 1), gpu_at(8, 0)}, {});
  ASSERT_EQ(topology.sockets.size(), 2U);
  ASSERT_EQ(topology.sockets[0].gpus.size(), 1U);
  EXPECT_EQ(topology.sockets[0].gpus[0].address.domain, 8U);
  ASSERT_EQ(topology.sockets[1].gpus.size(), 1U);
  EXPECT_EQ(topology.sockets[1].gpus[0].address.domain, 9U);
}

TEST(Topology, KeepsAGpuWithoutASocketApart) {
  const auto topology =
      make_topology(two_sockets(), {gpu_at(9, std::nullopt)}, {});
  ASSERT_EQ(topology.sockets.size(), 3U);
  EXPECT_FALSE(topology.sockets[2].node);
  EXPECT_EQ(topology.sockets[2].gpus.size(), 1U);
}

TEST(Topology, GivesAGpuItsNodesAndLeavesTheOthers) {
  auto gpu = gpu_at(9, 0);
  gpu.gi_nodes = GiNodes{{}, {3}, Source::srat};
  const auto topology =
      make_topology(two_sockets(), {gpu}, {{gpu.pci.address, "grace"}});
  const auto& placed = topology.sockets[0].gpus[0];
  ASSERT_EQ(placed.nodes.size(), 1U);
  EXPECT_EQ(placed.nodes[0].memory_bytes, 1024U);
  EXPECT_EQ(placed.domain, "grace");
  ASSERT_EQ(topology.other_nodes.size(), 1U);
  EXPECT_EQ(topology.other_nodes[0].id, 2U);
}

}  // namespace
}  // namespace nvgpuctl
