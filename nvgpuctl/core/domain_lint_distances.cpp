// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/cell_distances.hpp"
#include "core/domain_lint_rules.hpp"

namespace nvgpuctl {
namespace {

constexpr unsigned kUnreachable = 254;  // and 255, to Linux

using Pair = std::pair<unsigned, unsigned>;

std::string pair_text(const Pair& pair) {
  return fmt::format("from {} to {}", pair.first, pair.second);
}

// One finding for all pairs of a kind: a matrix has hundreds.
void add_pairs(LintWriter& out, std::string_view id, const XmlPlace& place,
               const std::vector<Pair>& pairs, LintText text) {
  if (pairs.empty()) {
    return;
  }
  text.seen += ": " + pair_text(pairs.front());
  if (pairs.size() > 1) {
    text.seen += fmt::format(", and {} more", pairs.size() - 1);
  }
  out.add(id, place, std::move(text));
}

XmlPlace place_of_pair(const GuestView& view, const std::vector<Pair>& pairs) {
  const GuestViewCell* cell =
      pairs.empty() ? nullptr : view.cell(pairs.front().first);
  return cell == nullptr ? view.domain->place : cell->place;
}

std::vector<Pair> missing_pairs(const GuestView& view,
                                const std::set<unsigned>& from) {
  std::vector<Pair> missing;
  std::set<unsigned> ids;
  for (const GuestViewCell& cell : view.cells) {
    ids.insert(cell.id);
  }
  for (const unsigned a : ids) {
    for (const unsigned b : ids) {
      if (a < b && (from.contains(a) || from.contains(b)) &&
          !view.distances.contains({a, b})) {
        missing.emplace_back(a, b);
      }
    }
  }
  return missing;
}

void judge_values(const GuestView& view, LintWriter& out) {
  std::vector<Pair> refused;
  std::vector<Pair> unreachable;
  for (const auto& [pair, value] : view.said_distances) {
    const bool self = pair.first == pair.second;
    if ((self && value != kSelfDistance) || (!self && value <= kSelfDistance) ||
        value > kUnreachable + 1) {
      refused.push_back(pair);
    } else if (value >= kUnreachable) {
      unreachable.push_back(pair);
    }
  }
  add_pairs(out, "distance-value", place_of_pair(view, refused), refused,
            {"10 to itself, 11 to 253 to others", "another value",
             "11 is the least between two cells"});
  add_pairs(out, "distance-unreachable", place_of_pair(view, unreachable),
            unreachable,
            {"11 to 253", "254 or 255",
             "take the host's distances, as nvgpuctl xml merge does; 80 "
             "between a GPU and its CPU is usual"});
}

}  // namespace

void lint_distances(const LintInput& input, LintWriter& out) {
  const GuestView& view = input.view;
  if (view.cells.size() > kMaxCells) {
    return;
  }
  judge_values(view, out);
  std::set<unsigned> all;
  std::set<unsigned> of_gpus;
  for (const GuestViewCell& cell : view.cells) {
    all.insert(cell.id);
  }
  for (const GuestViewGpu& gpu : view.gpus) {
    for (const GuestViewNode& node : gpu.nodes) {
      of_gpus.insert(node.cell);
    }
  }
  if (view.qemu_distances) {
    const auto missing = missing_pairs(view, all);
    add_pairs(out, "distance-incomplete", place_of_pair(view, missing), missing,
              {"a distance for each pair of cells", "none",
               "-numa dist,src=…,dst=…,val=… for each; QEMU takes all or "
               "none, and libvirt tells it none where all are 10 or 20"});
    add_pairs(out, "distance-incomplete", place_of_pair(view, view.one_way),
              view.one_way,
              {"both directions of each pair, because one has two values",
               "one direction only",
               "-numa dist,src=…,dst=…,val=… for the way back, too"});
    return;
  }
  const auto missing = missing_pairs(view, of_gpus);
  add_pairs(out, "distance-missing", place_of_pair(view, missing), missing,
            {"a distance for each pair", "none, which the guest sees as 20",
             "<distances>; else the guest puts ordinary pages on the GPU"});
}

}  // namespace nvgpuctl
