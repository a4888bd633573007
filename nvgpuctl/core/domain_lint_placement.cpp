// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/domain_lint_rules.hpp"

// CPUs, memory and GPU of a guest on one socket of the host.

namespace nvgpuctl {
namespace {

struct BoundMemory {
  XmlPlace place;
  std::vector<unsigned> nodes;
};

// Where the memory of a cell is on the host, if the domain says so.
std::optional<BoundMemory> memory_of(const Domain& domain, unsigned cell) {
  for (const DomainMemnode& memnode : domain.memnodes) {
    if (memnode.cell == cell) {
      return BoundMemory{memnode.place, memnode.host_nodes};
    }
  }
  if (domain.numatune_nodes) {
    return BoundMemory{domain.numatune_place, *domain.numatune_nodes};
  }
  return std::nullopt;
}

// The cell that a GPU's bus is on, or the only one with CPUs.
std::optional<unsigned> cpu_cell_of(const GuestView& view,
                                    const GuestViewGpu& gpu) {
  std::vector<unsigned> cells;
  for (const GuestViewCell& cell : view.cells) {
    if (cell.cpus) {
      cells.push_back(cell.id);
    }
  }
  if (gpu.expander != nullptr && gpu.expander->node &&
      std::ranges::find(cells, *gpu.expander->node) != cells.end()) {
    return gpu.expander->node;
  }
  return cells.size() == 1 ? std::optional(cells.front()) : std::nullopt;
}

// Another cell whose memory is where it should be.
std::optional<unsigned> better_cell(const LintInput& input, unsigned cell,
                                    unsigned host_node) {
  for (const GuestViewCell& other : input.view.cells) {
    const auto memory = memory_of(input.domain, other.id);
    if (other.cpus && other.id != cell && memory &&
        memory->nodes == std::vector<unsigned>{host_node}) {
      return other.id;
    }
  }
  return std::nullopt;
}

std::vector<unsigned> cpus_of_node(const HostSnapshot& host, unsigned node) {
  const auto found = std::ranges::find(host.numa.nodes, node, &NumaNode::id);
  return found == host.numa.nodes.end() ? std::vector<unsigned>() : found->cpus;
}

std::set<unsigned> vcpus_of(const Domain& domain, unsigned cell) {
  std::set<unsigned> vcpus;
  for (const DomainCell& at : domain.cells) {
    if (at.id == cell && at.cpus) {
      vcpus.insert(at.cpus->begin(), at.cpus->end());
    }
  }
  return vcpus;
}

// Pins of a cell's vCPUs that leave the socket, in one finding.
void judge_pins(const LintInput& input, const GuestViewGpu& gpu, unsigned cell,
                LintWriter& out) {
  const unsigned node = *gpu.gpu->cpu_node;
  const auto local = cpus_of_node(input.host(), node);
  const auto leaves = [&](const std::vector<unsigned>& host_cpus) {
    return !std::ranges::includes(local, host_cpus);
  };
  const std::set<unsigned> vcpus = vcpus_of(input.domain, cell);
  std::set<unsigned> unpinned = vcpus;
  std::set<unsigned> away;
  const XmlPlace* first = nullptr;
  for (const DomainPin& pin : input.domain.pins) {
    unpinned.erase(pin.vcpu);
    if (vcpus.contains(pin.vcpu) && leaves(pin.host_cpus)) {
      away.insert(pin.vcpu);
      first = first == nullptr ? &pin.place : first;
    }
  }
  if (const auto& rest = input.domain.vcpu_host_cpus; rest && leaves(*rest)) {
    first = first == nullptr && !unpinned.empty() ? &input.domain.vcpu_place
                                                  : first;
    away.merge(unpinned);
  }
  if (first != nullptr && !local.empty()) {
    out.add("pin-socket", *first,
            {fmt::format("CPUs {} of node {}, beside {}", format_id_list(local),
                         node, name_of(gpu)),
             fmt::format("vCPUs {} elsewhere", format_id_list(away)),
             "pin them to that socket"});
  }
}

void judge_gpu(const LintInput& input, const GuestViewGpu& gpu,
               std::set<std::pair<unsigned, unsigned>>& judged,
               LintWriter& out) {
  const auto cell = cpu_cell_of(input.view, gpu);
  if (gpu.gpu == nullptr || !gpu.gpu->cpu_node || !cell) {
    return;
  }
  const unsigned node = *gpu.gpu->cpu_node;
  const auto memory = memory_of(input.domain, *cell);
  const bool fits = !memory || memory->nodes == std::vector<unsigned>{node};
  const auto better = fits ? std::nullopt : better_cell(input, *cell, node);
  if (better && gpu.expander != nullptr) {
    out.add("expander-socket", gpu.expander->place,
            {fmt::format("<node>{}</node>: {} sits beside node {}", *better,
                         name_of(gpu), node),
             fmt::format("<node>{}</node>", *cell),
             fmt::format("<node>{}</node>", *better)});
    return;
  }
  // Two GPUs of a socket would say the same.
  if (!judged.emplace(*cell, node).second) {
    return;
  }
  if (!fits) {
    out.add("numatune-socket", memory->place,
            {fmt::format("node {} for cell {}, beside {}", node, *cell,
                         name_of(gpu)),
             fmt::format("nodes {}", format_id_list(memory->nodes)),
             fmt::format("<memnode cellid='{}' mode='strict' nodeset='{}'/>",
                         *cell, node)});
  }
  judge_pins(input, gpu, *cell, out);
}

}  // namespace

void lint_placement(const LintInput& input, LintWriter& out) {
  if (input.view.cells.size() > kMaxCells) {
    return;
  }
  std::set<std::pair<unsigned, unsigned>> judged;  // cell, host node
  for (const GuestViewGpu& gpu : input.view.gpus) {
    judge_gpu(input, gpu, judged, out);
  }
}

}  // namespace nvgpuctl
