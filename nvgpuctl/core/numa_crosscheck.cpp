// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/numa_crosscheck.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr const char* kNodesShift = "CONFIG_NODES_SHIFT";

using NodeList = std::vector<unsigned>;
using NodeOf = std::map<std::uint32_t, unsigned>;

std::string attribute(unsigned node, std::string_view name) {
  return fmt::format("/sys/devices/system/node/node{}/{}", node, name);
}

bool contains(const NodeList& nodes, unsigned node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}

const NumaNode* find_node(const NumaFacts& numa, unsigned id) {
  const auto node = std::lower_bound(
      numa.nodes.begin(), numa.nodes.end(), id,
      [](const NumaNode& one, unsigned wanted) { return one.id < wanted; });
  return node != numa.nodes.end() && node->id == id ? &*node : nullptr;
}

bool has_cpus(const NumaFacts& numa, unsigned id) {
  const auto* node = find_node(numa, id);
  return node != nullptr && !node->cpus.empty();
}

bool has_memory(const NumaFacts& numa, unsigned id) {
  const auto* node = find_node(numa, id);
  return node != nullptr && node->memory_bytes > 0;
}

// Those of `nodes` of which sysfs does not show `property`. On a host where no
// node at all has it, it was not recorded.
NodeList lacking(const NumaFacts& numa, const NodeList& nodes,
                 bool (*property)(const NumaFacts&, unsigned)) {
  const bool recorded =
      std::any_of(numa.online.begin(), numa.online.end(),
                  [&](unsigned node) { return property(numa, node); });
  NodeList without;
  for (const unsigned node : nodes) {
    if (recorded && !property(numa, node)) {
      without.push_back(node);
    }
  }
  return without;
}

NodeList nodes_of(const std::vector<std::uint32_t>& pxms,
                  const NodeOf& node_of) {
  NodeList nodes;
  for (const auto pxm : pxms) {
    const auto node = node_of.find(pxm);
    if (node != node_of.end()) {
      nodes.push_back(node->second);
    }
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

// Memory that is there from boot on. What can be plugged may not be: that of a
// GPU is so described.
std::vector<std::uint32_t> boot_memory_pxms(const Srat& srat) {
  std::vector<std::uint32_t> pxms;
  for (const auto& memory : srat.memory) {
    if (memory.enabled && !memory.hot_pluggable && memory.length > 0) {
      pxms.push_back(memory.pxm);
    }
  }
  return pxms;
}

class Comparison {
 public:
  Comparison(const HostSnapshot& host, const NodeOf& node_of, const Gpu& gpu)
      : host_(host),
        node_of_(node_of),
        gpu_(gpu),
        cpu_nodes_(nodes_of(host.acpi.srat->cpu_pxms, node_of)) {}

  std::vector<NumaDisagreement> run() {
    compare_initiators();
    compare_cpus();
    compare_memory();
    compare_own_socket();
    compare_distances();
    return std::move(found_);
  }

 private:
  void add(std::string detail, std::string evidence) {
    found_.push_back({std::move(detail), std::move(evidence)});
  }

  void compare_initiators() {
    const auto& initiators = host_.numa.generic_initiators;
    if (gpu_.gi_nodes->source != Source::srat || !initiators) {
      return;
    }
    const auto& nodes = gpu_.gi_nodes->nodes;
    if (!std::includes(initiators->begin(), initiators->end(), nodes.begin(),
                       nodes.end())) {
      add(fmt::format("SRAT gives nodes {}, the kernel calls {} generic "
                      "initiators",
                      format_id_list(nodes), format_id_list(*initiators)),
          "/sys/devices/system/node/has_generic_initiator");
    }
  }

  void compare_cpus() {
    const auto without = lacking(host_.numa, cpu_nodes_, has_cpus);
    if (!without.empty()) {
      add(fmt::format("SRAT gives nodes {} processors, sysfs shows none in {}",
                      format_id_list(cpu_nodes_), format_id_list(without)),
          attribute(without.front(), "cpulist"));
    }
    NodeList with;
    for (const unsigned node : gpu_.gi_nodes->nodes) {
      if (has_cpus(host_.numa, node) && !contains(cpu_nodes_, node)) {
        with.push_back(node);
      }
    }
    if (!with.empty()) {
      add(fmt::format("SRAT gives the GPU nodes {}, sysfs shows processors in "
                      "{}",
                      format_id_list(gpu_.gi_nodes->nodes),
                      format_id_list(with)),
          attribute(with.front(), "cpulist"));
    }
  }

  void compare_memory() {
    const auto nodes = nodes_of(boot_memory_pxms(*host_.acpi.srat), node_of_);
    const auto without = lacking(host_.numa, nodes, has_memory);
    if (!without.empty()) {
      add(fmt::format("SRAT gives nodes {} memory, sysfs shows none in {}",
                      format_id_list(nodes), format_id_list(without)),
          attribute(without.front(), "meminfo"));
    }
  }

  void compare_own_socket() {
    if (gpu_.cpu_node && !cpu_nodes_.empty() &&
        !contains(cpu_nodes_, *gpu_.cpu_node)) {
      add(fmt::format("SRAT gives nodes {} processors, the GPU is said to sit "
                      "at node {}",
                      format_id_list(cpu_nodes_), *gpu_.cpu_node),
          sysfs_path(gpu_.pci.address, "numa_node"));
    }
  }

  // Between processors and GPU, both ways, and among the GPU's own nodes. One
  // sentence, however many differ.
  void compare_distances() {
    if (!host_.acpi.slit) {
      return;
    }
    std::map<unsigned, std::uint32_t> pxm_of;
    for (const auto& [pxm, node] : node_of_) {
      pxm_of.emplace(node, pxm);
    }
    const auto& own = gpu_.gi_nodes->nodes;
    NodeList all;
    std::set_union(own.begin(), own.end(), cpu_nodes_.begin(), cpu_nodes_.end(),
                   std::back_inserter(all));
    std::optional<NumaDisagreement> first;
    std::size_t more = 0;
    for (const unsigned from : all) {
      for (const unsigned to : all) {
        if (!contains(own, from) && !contains(own, to)) {
          continue;
        }
        const auto slit =
            host_.acpi.slit->distance(pxm_of.at(from), pxm_of.at(to));
        const auto sysfs = sysfs_distance(host_.numa, from, to);
        if (!slit || !sysfs || *slit == *sysfs) {
          continue;
        }
        more += first ? 1 : 0;
        first = first.value_or(NumaDisagreement{
            fmt::format("SLIT gives distance {} from node {} to {}, sysfs {}",
                        *slit, from, to, *sysfs),
            attribute(from, "distance")});
      }
    }
    if (first) {
      add(first->detail + (more > 0 ? fmt::format("; and {} more", more) : ""),
          first->evidence);
    }
  }

  const HostSnapshot& host_;
  const NodeOf& node_of_;
  const Gpu& gpu_;
  NodeList cpu_nodes_;
  std::vector<NumaDisagreement> found_;
};

}  // namespace

std::optional<std::uint64_t> nodes_shift(const KernelFacts& kernel) {
  constexpr std::uint64_t kMaxShift = 10;  // arch/arm64/Kconfig
  const auto option = kernel.config.find(kNodesShift);
  const auto shift = option == kernel.config.end()
                         ? std::nullopt
                         : parse_unsigned(option->second);
  return shift && *shift <= kMaxShift ? shift : std::nullopt;
}

bool is_without_numa(const KernelFacts& kernel) {
  return !kernel.config.empty() && !kernel.config.contains(kNodesShift);
}

std::optional<unsigned> sysfs_distance(const NumaFacts& numa, unsigned from,
                                       unsigned to) {
  // A row of `distance` has one number for each online node, in order.
  const auto* row = find_node(numa, from);
  const auto& online = numa.online;
  const auto column = std::lower_bound(online.begin(), online.end(), to);
  if (row == nullptr || column == online.end() || *column != to ||
      row->distances.size() != online.size()) {
    return std::nullopt;
  }
  return row->distances[static_cast<std::size_t>(column - online.begin())];
}

std::vector<NumaDisagreement> compare_with_sysfs(
    const HostSnapshot& host, const std::map<std::uint32_t, unsigned>& node_of,
    const Gpu& gpu) {
  return Comparison(host, node_of, gpu).run();
}

std::optional<NumaDisagreement> contradiction_of_guess(
    const NumaFacts& numa, const std::vector<unsigned>& nodes,
    std::optional<unsigned> cpu_node) {
  // Firmware that has generic initiators gives these within a GPU.
  constexpr unsigned kToItself = 10;
  constexpr unsigned kWithinGpu = 11;
  for (const unsigned from : nodes) {
    if (has_cpus(numa, from)) {
      return NumaDisagreement{fmt::format("node {} has processors", from),
                              attribute(from, "cpulist")};
    }
    for (const unsigned to : nodes) {
      const unsigned wanted = from == to ? kToItself : kWithinGpu;
      const auto distance = sysfs_distance(numa, from, to);
      if (distance && *distance != wanted) {
        return NumaDisagreement{
            fmt::format("distance {} from node {} to {}, within a GPU it is {}",
                        *distance, from, to, wanted),
            attribute(from, "distance")};
      }
    }
  }
  if (!cpu_node || nodes.empty()) {
    return std::nullopt;
  }
  const auto own = sysfs_distance(numa, nodes.front(), *cpu_node);
  for (const auto& other : numa.nodes) {
    const auto distance = sysfs_distance(numa, nodes.front(), other.id);
    if (own && distance && !other.cpus.empty() && *distance < *own) {
      return NumaDisagreement{
          fmt::format("node {} is nearer to node {} ({}) than to the GPU's "
                      "own socket, node {} ({})",
                      nodes.front(), other.id, *distance, *cpu_node, *own),
          attribute(nodes.front(), "distance")};
    }
  }
  return std::nullopt;
}

}  // namespace nvgpuctl
