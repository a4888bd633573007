// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/output_topology.hpp"
#include "cli/wording.hpp"
#include "core/json_values.hpp"

namespace nvgpuctl::cli {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::uint64_t total(const std::vector<TopologyNode>& nodes) {
  std::uint64_t sum = 0;
  for (const auto& node : nodes) {
    sum += node.memory_bytes;
  }
  return sum;
}

std::string region_text(std::string_view name,
                        const std::optional<MemoryRegion>& region) {
  return region ? fmt::format("{} {} (BAR{})", name, human_size(region->size),
                              region->bar)
                : std::string();
}

std::string split_text(const TopologyGpu& gpu) {
  if (!gpu.memory_bytes) {
    return "coherent memory not known";
  }
  std::string text = human_size(*gpu.memory_bytes) + " coherent";
  if (gpu.plan && gpu.plan->usable) {
    text += ": " + region_text("usable", gpu.plan->usable);
    if (gpu.plan->reserved) {
      text += ", " + region_text("reserved", gpu.plan->reserved);
    }
  }
  return text;
}

// One line for every bridge on the way, each deeper than the one above it. Deep
// trees stay within the width: from some depth on, only the text says it.
std::string branch(std::size_t depth) {
  constexpr std::size_t kMostDepth = 6;
  std::string blanks;
  blanks.assign(2 + std::min(depth, kMostDepth) * 3, ' ');
  return blanks;
}

class Drawing {
 public:
  Drawing(Context& context, const Topology& topology)
      : context_(context), topology_(topology) {}

  void print() {
    line("", summary_text(topology_));
    for (const auto& socket : topology_.sockets) {
      context_.out << '\n'
                   << paint(context_, socket_text(socket), Style::strong)
                   << '\n';
      shown_.clear();
      for (const auto& gpu : socket.gpus) {
        print_path(gpu);
        print_gpu(gpu);
      }
      if (socket.gpus.empty()) {
        line("  ", "no GPU");
      }
    }
    if (!topology_.other_nodes.empty()) {
      context_.out << '\n';
      line("", fmt::format("other NUMA nodes: {}, {}",
                           node_list(topology_.other_nodes),
                           memory_text(total(topology_.other_nodes))));
    }
  }

 private:
  void line(std::string_view first, std::string_view text) {
    print_prose(context_.out, context_.width, first, printable(text));
  }

  const char* corner() const { return context_.utf8 ? "└─ " : "`- "; }

  // Bridges that the GPU before it has too are not drawn twice.
  void print_path(const TopologyGpu& gpu) {
    std::size_t depth = 0;
    while (depth < gpu.upstream.size() && depth < shown_.size() &&
           gpu.upstream[depth] == shown_[depth]) {
      ++depth;
    }
    for (; depth < gpu.upstream.size(); ++depth) {
      context_.out << branch(depth) << corner()
                   << to_string(gpu.upstream[depth])
                   << (depth == 0 ? "  root port" : "  switch") << '\n';
    }
    shown_ = gpu.upstream;
  }

  void print_gpu(const TopologyGpu& gpu) {
    const auto indent = branch(gpu.upstream.size());
    context_.out << indent << corner()
                 << paint(context_, to_string(gpu.address), Style::strong)
                 << "  " << printable(gpu.model) << "  "
                 << paint(context_, to_string(gpu.state), style_of(gpu.state))
                 << '\n';
    const std::string inner = indent + "     ";
    line(inner, driver_text(gpu));
    line(inner, iommu_text(gpu));
    line(inner, split_text(gpu));
    line(inner, initiators_text(gpu));
    if (gpu.egm_bytes) {
      line(inner, human_size(*gpu.egm_bytes) + " extended GPU memory (EGM)");
    }
    if (gpu.domain) {
      line(inner, "in use by domain " + *gpu.domain);
    }
    if (!gpu.reasons.empty()) {
      line(inner, fmt::format("see explain: {}", fmt::join(gpu.reasons, ", ")));
    }
  }

  Context& context_;
  const Topology& topology_;
  std::vector<PciAddress> shown_;
};

Json node_json(const TopologyNode& node) {
  return {{"id", node.id}, {"memory_bytes", node.memory_bytes}};
}

Json nodes_json(const std::vector<TopologyNode>& nodes) {
  Json list = Json::array();
  for (const auto& node : nodes) {
    list.push_back(node_json(node));
  }
  return list;
}

Json part_json(const std::optional<MemoryRegion>& region) {
  return region ? Json{{"bar", region->bar}, {"size_bytes", region->size}}
                : Json(nullptr);
}

Json gpu_json(const TopologyGpu& gpu) {
  Json upstream = Json::array();
  for (const auto& bridge : gpu.upstream) {
    upstream.push_back(to_string(bridge));
  }
  const auto plan = gpu.plan.value_or(RegionPlan{});
  return {{"address", to_string(gpu.address)},
          {"model", gpu.model},
          {"state", to_string(gpu.state)},
          {"driver", or_null(gpu.driver)},
          {"upstream", upstream},
          {"iommu_group", or_null(gpu.iommu_group)},
          {"smmu", or_null(gpu.smmu)},
          {"memory_bytes", or_null(gpu.memory_bytes)},
          {"usable", part_json(plan.usable)},
          {"reserved", part_json(plan.reserved)},
          {"nodes", nodes_json(gpu.nodes)},
          {"nodes_source", gpu.nodes_source ? Json(to_string(*gpu.nodes_source))
                                            : Json(nullptr)},
          {"egm_bytes", or_null(gpu.egm_bytes)},
          {"domain", or_null(gpu.domain)},
          {"reasons", gpu.reasons}};
}

}  // namespace

std::string memory_text(std::uint64_t bytes) {
  return bytes == 0 ? "no memory" : human_size(bytes);
}

std::string socket_text(const TopologySocket& socket) {
  return socket.node ? fmt::format("NUMA node {}: CPUs {}, {}", socket.node->id,
                                   format_id_list(socket.cpus),
                                   memory_text(socket.node->memory_bytes))
                     : std::string("socket not known");
}

std::string node_list(const std::vector<TopologyNode>& nodes) {
  std::vector<unsigned> ids;
  for (const auto& node : nodes) {
    ids.push_back(node.id);
  }
  return format_id_list(ids);
}

std::string driver_text(const TopologyGpu& gpu) {
  return gpu.driver ? "driver " + *gpu.driver : "no driver";
}

std::string iommu_text(const TopologyGpu& gpu) {
  if (!gpu.iommu_group) {
    return "no IOMMU group";
  }
  return fmt::format("IOMMU group {}{}{}", *gpu.iommu_group,
                     gpu.smmu ? " behind " : "", gpu.smmu.value_or(""));
}

std::string initiators_text(const TopologyGpu& gpu) {
  if (gpu.nodes.empty()) {
    return "no NUMA nodes of its own";
  }
  const auto online = total(gpu.nodes);
  return fmt::format(
      "NUMA nodes {} ({}), {}", node_list(gpu.nodes),
      to_string(gpu.nodes_source.value_or(Source::assumed)),
      online == 0 ? "no memory online" : human_size(online) + " online");
}

std::string summary_text(const Topology& topology) {
  const auto sockets =
      std::count_if(topology.sockets.begin(), topology.sockets.end(),
                    [](const auto& socket) { return socket.node.has_value(); });
  return fmt::format("{}, {}, {}{}{} {}",
                     counted(static_cast<std::size_t>(sockets), "socket"),
                     counted(topology.gpu_count(), "GPU"),
                     counted(topology.online_nodes, "NUMA node"),
                     topology.kernel.empty() ? "" : ", Linux ", topology.kernel,
                     topology.machine);
}

void print_topology(Context& context, const Topology& topology) {
  Drawing(context, topology).print();
}

Json topology_json(const Topology& topology) {
  Json sockets = Json::array();
  for (const auto& socket : topology.sockets) {
    Json gpus = Json::array();
    for (const auto& gpu : socket.gpus) {
      gpus.push_back(gpu_json(gpu));
    }
    sockets.push_back(
        {{"node", socket.node ? node_json(*socket.node) : Json(nullptr)},
         {"cpus", socket.cpus},
         {"gpus", gpus}});
  }
  return {{"kernel_release", topology.kernel},
          {"machine", topology.machine},
          {"online_nodes", topology.online_nodes},
          {"sockets", sockets},
          {"other_nodes", nodes_json(topology.other_nodes)}};
}

}  // namespace nvgpuctl::cli
