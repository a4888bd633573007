// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cell_distances.hpp"

#include <algorithm>

namespace nvgpuctl {
namespace {

bool is_numbered_in_full(const std::vector<DomainCell>& cells) {
  std::vector<bool> seen(cells.size());
  for (const DomainCell& cell : cells) {
    if (cell.id >= cells.size() || seen[cell.id]) {
      return false;
    }
    seen[cell.id] = true;
  }
  return true;
}

// 0: not said. A cell's row is empty until one of its distances is.
void say(DistanceMatrix& said, unsigned from, unsigned to, unsigned value) {
  if (said[from].empty()) {
    said[from].resize(said.size());
    said[from][from] = kSelfDistance;
  }
  said[from][to] = value;
}

}  // namespace

std::optional<DistanceMatrix> libvirt_distances(
    const std::vector<DomainCell>& cells) {
  if (cells.size() > kMaxCells || !is_numbered_in_full(cells)) {
    return std::nullopt;
  }
  DistanceMatrix said(cells.size());
  for (const DomainCell& cell : cells) {
    for (const auto& [to, value] : cell.distances) {
      if (to >= cells.size()) {
        return std::nullopt;
      }
      say(said, cell.id, to, value);
      // The way back is the same until it is said.
      const bool known = !said[to].empty() && said[to][cell.id] != 0;
      say(said, to, cell.id, known ? said[to][cell.id] : value);
    }
  }
  const auto is_default = [](unsigned value) {
    return value == kSelfDistance || value == kUnnamedDistance;
  };
  if (std::ranges::all_of(said, [&](const auto& row) {
        return std::ranges::all_of(row, is_default);
      })) {
    return std::nullopt;
  }
  for (std::size_t from = 0; from < said.size(); ++from) {
    said[from].resize(said.size());
    for (std::size_t to = 0; to < said.size(); ++to) {
      if (said[from][to] == 0) {
        said[from][to] = from == to ? kSelfDistance : kUnnamedDistance;
      }
    }
  }
  return said;
}

bool is_asymmetric(const DistanceMatrix& distances) {
  for (std::size_t from = 0; from < distances.size(); ++from) {
    for (std::size_t to = from + 1; to < distances.size(); ++to) {
      if (distances[from][to] != distances[to][from]) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace nvgpuctl
