// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <bit>

#include "base/text.hpp"
#include "core/check_table.hpp"
#include "core/gpu_check_sections.hpp"
#include "kmod/region_layout.h"

namespace nvgpuctl {
namespace {

constexpr std::string_view kReportIt =
    "this is a defect of nvgpuctl; please report it with the numbers";

std::string describe(const MemoryRegion& part) {
  return fmt::format("base {}, size {} ({}) in BAR {} of {}", hex(part.base),
                     hex(part.size), human_size(part.size), part.bar,
                     human_size(part.bar_size));
}

// Whether the part lies in a BAR that PCI can have.
bool fits(const MemoryRegion& part) {
  return part.size > 0 && part.size <= part.bar_size &&
         std::has_single_bit(part.bar_size);
}

// Why there is no plan, in the words of the planner.
std::string why_no_plan(const Gpu& gpu) {
  if (!gpu.memory_base || !gpu.memory_size) {
    return "firmware gives no base or no size";
  }
  const auto plan = plan_regions(gpu.memory_base->value, gpu.memory_size->value,
                                 Layout::split, gpu.erratum.value);
  return plan ? "the firmware checks forbid one" : plan.error().problem;
}

void check_usable(SectionWriter& checks, const Gpu& gpu,
                  const MemoryRegion& usable) {
  const bool erratum = gpu.plan->reserved.has_value();
  const bool blocks = usable.size % NVGPU_MEMORY_BLOCK_SIZE == 0;
  const std::string base = gpu.memory_base ? hex(gpu.memory_base->value) : "0";
  checks.require(
      "layout-usable",
      fits(usable) && (!erratum || blocks) && gpu.memory_base &&
          usable.base == gpu.memory_base->value,
      {erratum ? fmt::format("base {}, a multiple of 512 MiB that leaves at "
                             "least 1 GiB, inside a BAR",
                             base)
               : fmt::format("base {}, all of the memory, inside a BAR", base),
       describe(usable)},
      {"", kReportIt});
}

// The erratum's part follows on the usable one and takes what is left.
void check_reserved(SectionWriter& checks, const RegionPlan& plan) {
  if (!plan.reserved) {
    checks.skip("layout-reserved",
                plan.layout == Layout::split
                    ? "the GPU has no MIG erratum"
                    : "only the split layout has a reserved part");
    return;
  }
  const MemoryRegion& part = *plan.reserved;
  const bool right_size =
      part.size >= NVGPU_RESERVED_MIN_SIZE &&
      part.size < NVGPU_RESERVED_MIN_SIZE + NVGPU_MEMORY_BLOCK_SIZE;
  const std::uint64_t expected_base = plan.usable->base + plan.usable->size;
  checks.require("layout-reserved",
                 fits(part) && right_size && part.base == expected_base,
                 {fmt::format("base {}, 1 GiB to 1.5 GiB, inside a BAR",
                              hex(expected_base)),
                  describe(part)},
                 {"", kReportIt});
}

}  // namespace

CheckSection check_layout(const HostSnapshot& host, const Gpu& gpu) {
  SectionWriter checks("layout");
  if (!gpu.plan && acpi_unreadable(host)) {
    checks.skip_rest("layout-", why_acpi_unreadable(host));
    return checks.take();
  }
  const bool planned = gpu.plan && gpu.plan->usable;
  const bool erratum = gpu.erratum.value == MigErratum::present;
  checks.require(
      "layout-plan", planned,
      {erratum ? "a plan with a reserved part (MIG erratum present)"
               : "a plan without a reserved part (MIG erratum fixed)",
       planned ? std::string(to_string(gpu.plan->layout)) : why_no_plan(gpu)},
      {"", "see the firmware checks"});
  if (!planned) {
    checks.skip_rest("layout-", "there is no plan");
    return checks.take();
  }
  const RegionPlan& plan = *gpu.plan;
  check_usable(checks, gpu, *plan.usable);
  check_reserved(checks, plan);
  const std::uint64_t total =
      plan.usable->size + (plan.reserved ? plan.reserved->size : 0);
  const std::uint64_t size = gpu.memory_size ? gpu.memory_size->value : 0;
  checks.require(
      "layout-total", total == size,
      {fmt::format("{} ({})", hex(size), human_size(size)),
       plan.reserved ? fmt::format("{} + {} = {}", hex(plan.usable->size),
                                   hex(plan.reserved->size), hex(total))
                     : hex(total)},
      {"", kReportIt});
  return checks.take();
}

}  // namespace nvgpuctl
