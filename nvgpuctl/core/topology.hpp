// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"

// What stands where in a host, ready to be drawn: sockets with their memory,
// below each its GPUs with all that belongs to them. Order is part of it.

namespace nvgpuctl {

struct TopologyNode {
  unsigned id = 0;
  std::uint64_t memory_bytes = 0;
};

struct TopologyGpu {
  PciAddress address;
  std::string model;
  GpuState state = GpuState::blocked;
  std::optional<std::string> driver = {};
  std::vector<PciAddress> upstream = {};  // root port first
  std::optional<unsigned> iommu_group = {};
  std::optional<std::string> smmu = {};
  std::optional<std::uint64_t> memory_bytes = {};
  std::optional<RegionPlan> plan = {};
  std::vector<TopologyNode> nodes = {};  // its generic initiators
  std::optional<Source> nodes_source = {};
  std::optional<std::uint64_t> egm_bytes = {};
  std::optional<std::string> domain = {};  // that has it
  std::vector<std::string> reasons = {};   // ids of what is wrong with it
};

// A NUMA node with CPUs: on Grace, one socket. The last may have no node: it
// holds the GPUs whose socket nobody names.
struct TopologySocket {
  std::optional<TopologyNode> node;
  std::vector<unsigned> cpus;
  std::vector<TopologyGpu> gpus;
};

struct Topology {
  std::string kernel;   // "7.3.4-64k", "" when not known
  std::string machine;  // "aarch64"
  std::vector<TopologySocket> sockets = {};
  // Neither CPUs nor a GPU's: a GPU's online memory, CXL, firmware's spares.
  std::vector<TopologyNode> other_nodes = {};
  std::size_t online_nodes = 0;

  std::size_t gpu_count() const;
};

// `domains`: GPU → the libvirt domain that has it.
Topology make_topology(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                       const std::map<PciAddress, std::string>& domains);

}  // namespace nvgpuctl
