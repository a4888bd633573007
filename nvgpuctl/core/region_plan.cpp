// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_plan.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "kmod/region_layout.h"

namespace nvgpuctl {
namespace {

constexpr const char* kSubject = "coherent memory";

nvgpu_layout driver_layout(Layout layout) {
  switch (layout) {
    case Layout::split:
      return NVGPU_LAYOUT_SPLIT;
    case Layout::single:
      return NVGPU_LAYOUT_SINGLE;
    case Layout::plain:
      break;
  }
  return NVGPU_LAYOUT_PLAIN;
}

std::optional<MemoryRegion> memory_region(const nvgpu_part& part) {
  if (part.size == 0) {
    return std::nullopt;
  }
  return MemoryRegion{part.bar, part.base, part.size, part.bar_size};
}

tl::unexpected<Error> refuse(nvgpu_layout_status status, std::uint64_t base,
                             std::uint64_t size) {
  switch (status) {
    case NVGPU_LAYOUT_EMPTY:
      return fail(Errc::malformed, kSubject, "firmware gives size 0",
                  "the C2C link to the GPU is probably down; power-cycle the "
                  "host and read the BMC's event log");
    case NVGPU_LAYOUT_TOO_SMALL:
      return fail(
          Errc::malformed, kSubject,
          fmt::format("size {} ({}) is less than {}", hex(size),
                      human_size(size), human_size(NVGPU_MEMORY_MIN_SIZE)),
          "firmware did not detect the GPU's memory; power-cycle the "
          "host and update its firmware");
    case NVGPU_LAYOUT_OUT_OF_RANGE:
      return fail(Errc::malformed, kSubject,
                  fmt::format("base {} with size {} reaches past 2^52, the "
                              "largest physical address",
                              hex(base), hex(size)),
                  "the firmware's _DSD is wrong; update the firmware");
    case NVGPU_LAYOUT_OVERFLOW:
    case NVGPU_LAYOUT_OK:
      break;
  }
  return fail(
      Errc::malformed, kSubject,
      fmt::format("base {} and size {} add up to more than 64 bits hold",
                  hex(base), hex(size)),
      "the firmware's _DSD is wrong; update the firmware");
}

}  // namespace

std::string_view to_string(Layout layout) {
  switch (layout) {
    case Layout::split:
      return "split";
    case Layout::single:
      return "single";
    case Layout::plain:
      break;
  }
  return "plain";
}

Result<RegionPlan> plan_regions(std::uint64_t base, std::uint64_t size,
                                Layout layout, MigErratum erratum) {
  nvgpu_regions regions{};
  const auto status = nvgpu_layout_regions(base, size, driver_layout(layout),
                                           erratum == MigErratum::present
                                               ? NVGPU_MIG_ERRATUM_PRESENT
                                               : NVGPU_MIG_ERRATUM_FIXED,
                                           &regions);
  if (status != NVGPU_LAYOUT_OK) {
    return refuse(status, base, size);
  }
  return RegionPlan{layout, memory_region(regions.usable),
                    memory_region(regions.reserved)};
}

}  // namespace nvgpuctl
