// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_observation.hpp"

#include <bit>

namespace nvgpuctl {

const ObservedRegion* DeviceObservation::region(unsigned index) const {
  for (const auto& one : regions) {
    if (one.index == index) {
      return &one;
    }
  }
  return nullptr;
}

bool is_sparse(const ObservedRegion* region) {
  return region != nullptr && region->sparse.has_value();
}

bool has_bar_size(const ObservedRegion* region) {
  return region == nullptr || region->size == 0 ||
         std::has_single_bit(region->size);
}

std::optional<Layout> recognise_layout(
    const DeviceObservation& seen, std::optional<std::uint64_t> physical_bar2) {
  const ObservedRegion* region2 = seen.region(2);
  const ObservedRegion* region4 = seen.region(4);
  if (is_sparse(region4)) {
    return Layout::split;
  }
  const bool other_size = region2 != nullptr && region2->size != 0 &&
                          physical_bar2 && region2->size != *physical_bar2;
  if (is_sparse(region2) || !has_bar_size(region2) || other_size) {
    return Layout::single;
  }
  const bool physical = region2 != nullptr && region4 != nullptr &&
                        region4->size != 0 && has_bar_size(region4);
  return physical ? std::optional(Layout::plain) : std::nullopt;
}

}  // namespace nvgpuctl
