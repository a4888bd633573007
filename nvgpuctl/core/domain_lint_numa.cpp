// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/domain_lint_rules.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kHow =
    "or take the hostdev out, and nvgpuctl xml merge puts both in";

std::set<unsigned> cells_of(const GuestViewGpu& gpu) {
  std::set<unsigned> ids;
  for (const GuestViewNode& node : gpu.nodes) {
    ids.insert(node.cell);
  }
  return ids;
}

// What a GPU says where it has nodes, and its hostdev elsewhere.
XmlPlace place_of_nodes(const GuestViewGpu& gpu) {
  return gpu.nodes.empty() ? gpu.hostdev->place : gpu.nodes.front().place;
}

void judge_count(const LintInput& input, const GuestViewGpu& gpu,
                 LintWriter& out) {
  const auto cells = cells_of(gpu);
  const unsigned wanted =
      rule_of(input, gpu).gi_nodes.value_or(gpu.gpu->model.gi_nodes);
  if (cells.empty()) {
    out.add("gi-missing", gpu.hostdev->place,
            {fmt::format("{} cells for {}", wanted, name_of(gpu)), "none",
             fmt::format("<acpi nodeset='…'/> naming {} cells without CPUs and "
                         "memory; {}",
                         wanted, kHow)});
  } else if (cells.size() != wanted) {
    out.add("gi-count", place_of_nodes(gpu),
            {fmt::format("{} cells for {}", wanted, name_of(gpu)),
             fmt::format("{}: {}", cells.size(), format_id_list(cells)),
             fmt::format("give it {} cells; {}", wanted, kHow)});
  }
}

void judge_named_cells(const GuestView& view, const GuestViewGpu& gpu,
                       LintWriter& out) {
  std::set<unsigned> absent;
  std::set<unsigned> full;
  for (const unsigned id : cells_of(gpu)) {
    const GuestViewCell* cell = view.cell(id);
    if (cell == nullptr) {
      absent.insert(id);
    } else if (!cell->empty()) {
      full.insert(id);
    }
  }
  if (!absent.empty()) {
    out.add("gi-absent", place_of_nodes(gpu),
            {"cells that the guest has",
             fmt::format("no cell {}", format_id_list(absent)),
             fmt::format("add the cells, name others; {}", kHow)});
  }
  if (!full.empty()) {
    out.add("gi-not-empty", place_of_nodes(gpu),
            {"cells without CPUs and memory",
             fmt::format("cell {} has some", format_id_list(full)),
             "name empty cells; the GPU's driver fills them"});
  }
}

void judge_shared_cells(const GuestView& view, LintWriter& out) {
  std::map<unsigned, const GuestViewGpu*> owners;
  for (const GuestViewGpu& gpu : view.gpus) {
    std::set<unsigned> shared;
    const GuestViewGpu* with = nullptr;
    for (const unsigned id : cells_of(gpu)) {
      const auto [owner, first] = owners.emplace(id, &gpu);
      if (!first) {
        shared.insert(id);
        with = owner->second;
      }
    }
    if (with != nullptr) {
      out.add("gi-shared", place_of_nodes(gpu),
              {"cells of its own",
               fmt::format("cells {} are those of {}, too",
                           format_id_list(shared), name_of(*with)),
               "give each GPU cells of its own"});
    }
  }
}

// The order in which Linux numbers nodes.
enum class CellKind { cpu, initiator, memory };

void judge_order(const GuestView& view, LintWriter& out) {
  std::set<unsigned> initiators;
  for (const GuestViewGpu& gpu : view.gpus) {
    initiators.merge(cells_of(gpu));
  }
  for (const auto& [device, node] : view.other_nodes) {
    initiators.insert(node.cell);
  }
  std::map<unsigned, std::pair<CellKind, const GuestViewCell*>> kinds;
  std::set<unsigned> unused;
  for (const GuestViewCell& cell : view.cells) {
    if (cell.empty() && !initiators.contains(cell.id)) {
      unused.insert(cell.id);
    } else {
      kinds.emplace(cell.id, std::pair(cell.cpus      ? CellKind::cpu
                                       : cell.empty() ? CellKind::initiator
                                                      : CellKind::memory,
                                       &cell));
    }
  }
  const auto wrong =
      std::ranges::adjacent_find(kinds, [](const auto& a, const auto& b) {
        return a.second.first > b.second.first;
      });
  if (wrong != kinds.end()) {
    const auto& late = *std::next(wrong);
    out.add("cell-order", late.second.second->place,
            {"CPU cells, then GPUs' cells, then cells with memory only",
             fmt::format("cell {} after cell {}", late.first, wrong->first),
             "renumber them; else Linux gives the nodes other numbers"});
  }
  if (!unused.empty()) {
    out.add("cell-unused", view.cell(*unused.begin())->place,
            {"a GPU for each empty cell",
             fmt::format("nobody names {}", format_id_list(unused)),
             "take them out, or name them in a GPU's nodeset"});
  }
}

void judge_ids(const GuestView& view, LintWriter& out) {
  std::set<unsigned> ids;
  for (const GuestViewCell& cell : view.cells) {
    if (!ids.insert(cell.id).second) {
      out.add("cell-twice", cell.place,
              {"each id once", fmt::format("cell {} again", cell.id),
               "take one out, or renumber it"});
    }
  }
}

void judge_cell_count(const LintInput& input, LintWriter& out) {
  // arm64's default (CONFIG_NODES_SHIFT=4).
  constexpr std::size_t kUsualNodes = 16;
  const std::size_t count = input.view.cells.size();
  const auto& told = input.target.guest_nodes;
  const std::string seen = fmt::format("{} cells", count);
  const std::string fix =
      fmt::format("a guest kernel with CONFIG_NODES_SHIFT of at least {}",
                  count == 0 ? 0 : std::bit_width(count - 1));
  if (told && count > *told) {
    out.add("guest-nodes", input.view.cells.front().place,
            {fmt::format("at most {}", *told), seen, fix});
  } else if (!told && count > kUsualNodes) {
    out.add("guest-nodes-unknown", input.view.cells.front().place,
            {"room for them in the guest's kernel, whose default is 16", seen,
             fix + "; --guest-nodes N says what it has"});
  }
}

}  // namespace

void lint_initiators(const LintInput& input, LintWriter& out) {
  const GuestView& view = input.view;
  for (const auto& [device, node] : view.other_nodes) {
    out.add("gi-device", node.place,
            {"pci-dev= the alias of a hostdev",
             fmt::format("no hostdev has the alias '{}'", device),
             "give the hostdev this alias; libvirt keeps those that begin "
             "with ua-"});
  }
  for (const GuestViewGpu& gpu : view.gpus) {
    if (gpu.gpu != nullptr) {
      judge_count(input, gpu, out);
    }
    if (view.cells.size() <= kMaxCells) {
      judge_named_cells(view, gpu, out);
    }
  }
  judge_shared_cells(view, out);
}

void lint_cells(const LintInput& input, LintWriter& out) {
  const GuestView& view = input.view;
  if (view.cells.size() > kMaxCells) {
    out.add("cells-too-many", view.cells[kMaxCells].place,
            {fmt::format("at most {}", kMaxCells),
             fmt::format("{} cells", view.cells.size()),
             "split the GPUs over several guests"});
    return;
  }
  judge_ids(view, out);
  judge_order(view, out);
  judge_cell_count(input, out);
}

}  // namespace nvgpuctl
