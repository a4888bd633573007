// SPDX-License-Identifier: GPL-2.0-or-later
#include "shape.hpp"

namespace exerciser {

const CoherentRegion* Shape::find(unsigned index) const {
  for (const auto& region : regions) {
    if (region.index == index) {
      return &region;
    }
  }
  return nullptr;
}

std::uint64_t round_up_to_power(std::uint64_t size) {
  std::uint64_t power = 1;
  while (power < size) {
    power *= 2;
  }
  return power;
}

std::vector<CoherentRegion> coherent_regions(Layout layout,
                                             std::uint64_t usable,
                                             std::uint64_t reserved) {
  if (layout == Layout::single) {
    const auto all = usable + reserved;
    return {{.index = 2, .size = all, .bar_size = round_up_to_power(all)}};
  }
  if (reserved == 0) {
    return {
        {.index = 4, .size = usable, .bar_size = round_up_to_power(usable)}};
  }
  // The BAR of usable memory is sized before the cut at 512 MiB: for all but
  // the one GiB that the reserved part has at least.
  const auto before_cut = usable + reserved - kGiB;
  return {
      {.index = 4, .size = usable, .bar_size = round_up_to_power(before_cut)},
      {.index = 2, .size = reserved, .bar_size = round_up_to_power(reserved)}};
}

}  // namespace exerciser
