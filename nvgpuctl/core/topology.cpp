// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/topology.hpp"

#include <algorithm>
#include <set>

namespace nvgpuctl {
namespace {

TopologyNode node_of(const HostSnapshot& host, unsigned id) {
  const auto found =
      std::find_if(host.numa.nodes.begin(), host.numa.nodes.end(),
                   [&](const NumaNode& node) { return node.id == id; });
  return {id, found == host.numa.nodes.end() ? 0 : found->memory_bytes};
}

TopologyGpu place_gpu(const HostSnapshot& host, const Gpu& gpu) {
  TopologyGpu placed{.address = gpu.pci.address,
                     .model = gpu.model.name,
                     .state = gpu.state,
                     .driver = gpu.pci.driver,
                     .upstream = gpu.pci.upstream,
                     .iommu_group = gpu.pci.iommu_group,
                     .smmu = gpu.pci.smmu,
                     .plan = gpu.plan};
  if (gpu.memory_size) {
    placed.memory_bytes = gpu.memory_size->value;
  }
  if (gpu.egm) {
    placed.egm_bytes = gpu.egm->size;
  }
  if (gpu.gi_nodes) {
    placed.nodes_source = gpu.gi_nodes->source;
    for (const unsigned id : gpu.gi_nodes->nodes) {
      placed.nodes.push_back(node_of(host, id));
    }
  }
  for (const auto& finding : gpu.findings) {
    if (finding.reason->severity != Severity::info) {
      placed.reasons.emplace_back(finding.reason->id);
    }
  }
  return placed;
}

// Where the GPU hangs: its own socket, or what PCI says of it.
std::optional<unsigned> home_of(const Gpu& gpu) {
  return gpu.cpu_node ? gpu.cpu_node : gpu.pci.numa_node;
}

}  // namespace

std::size_t Topology::gpu_count() const {
  std::size_t count = 0;
  for (const auto& socket : sockets) {
    count += socket.gpus.size();
  }
  return count;
}

Topology make_topology(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                       const std::map<PciAddress, std::string>& domains) {
  Topology topology{.kernel = host.kernel.release,
                    .machine = host.kernel.machine.value,
                    .online_nodes = host.numa.online.size()};
  for (const auto& node : host.numa.nodes) {
    if (!node.cpus.empty()) {
      topology.sockets.push_back(
          {TopologyNode{node.id, node.memory_bytes}, node.cpus, {}});
    }
  }
  TopologySocket elsewhere;
  std::set<unsigned> taken;
  for (const auto& gpu : gpus) {
    auto placed = place_gpu(host, gpu);
    const auto domain = domains.find(placed.address);
    if (domain != domains.end()) {
      placed.domain = domain->second;
    }
    for (const auto& node : placed.nodes) {
      taken.insert(node.id);
    }
    const auto home = home_of(gpu);
    const auto socket = std::find_if(
        topology.sockets.begin(), topology.sockets.end(),
        [&](const auto& one) { return home && one.node->id == *home; });
    auto& list =
        socket == topology.sockets.end() ? elsewhere.gpus : socket->gpus;
    list.push_back(std::move(placed));
  }
  if (!elsewhere.gpus.empty()) {
    topology.sockets.push_back(std::move(elsewhere));
  }
  for (const auto& node : host.numa.nodes) {
    if (node.cpus.empty() && !taken.contains(node.id)) {
      topology.other_nodes.push_back({node.id, node.memory_bytes});
    }
  }
  return topology;
}

}  // namespace nvgpuctl
