// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// Which VFIO region shows what (docs: README, "Layouts").
enum class Layout {
  split,   // usable memory at BAR4, reserved (Hopper) at BAR2
  single,  // the 2023 proposal made safe: everything at BAR2
  plain,   // no coherent memory at all: the driver's fallback, "degraded"
};
std::string_view to_string(Layout layout);

// Whether the GPU has the MIG erratum, because of which the last part of its
// memory must be mapped uncached (mainline's "resmem").
enum class MigErratum { present, fixed };

// One part of coherent memory and the BAR that shows it.
struct MemoryRegion {
  unsigned bar = 0;            // VFIO region index: 2 or 4
  std::uint64_t base = 0;      // host physical address
  std::uint64_t size = 0;      // bytes backed by GPU memory
  std::uint64_t bar_size = 0;  // what the guest sees: a power of two

  friend bool operator==(const MemoryRegion&, const MemoryRegion&) = default;
};

struct RegionPlan {
  Layout layout = Layout::split;
  std::optional<MemoryRegion> usable;    // absent in `plain`
  std::optional<MemoryRegion> reserved;  // only `split` with the erratum

  friend bool operator==(const RegionPlan&, const RegionPlan&) = default;
};

// Splits coherent memory the way the driver does, with the driver's own
// arithmetic (kmod/region_layout.h). Error: size 0 or too small, base or end
// past 2^52 (the largest physical address of the architecture), overflow.
Result<RegionPlan> plan_regions(std::uint64_t base, std::uint64_t size,
                                Layout layout, MigErratum erratum);

}  // namespace nvgpuctl
