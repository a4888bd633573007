// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_observation.hpp"

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "base/text.hpp"
#include "core/check_table.hpp"

namespace nvgpuctl {
namespace {

// <linux/vfio.h>, which only host/ includes.
constexpr std::uint32_t kDeviceReset = 1U << 0U;  // VFIO_DEVICE_FLAGS_RESET
constexpr std::uint32_t kDevicePci = 1U << 1U;    // VFIO_DEVICE_FLAGS_PCI
constexpr unsigned kPciRegions = 9;               // VFIO_PCI_NUM_REGIONS
// VFIO_REGION_INFO_FLAG_READ, _WRITE, _MMAP and _CAPS.
constexpr std::uint32_t kRegionFlags = 0xF;
// The offset of a region in the device file is its index shifted by this
// (VFIO_PCI_OFFSET_SHIFT in <linux/vfio_pci_core.h>).
constexpr unsigned kOffsetShift = 40;
// PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH
constexpr std::uint64_t kBarType = 0xC;
// What both readiness registers hold when the hardware is ready.
constexpr std::uint32_t kReady = 0xFF;

constexpr std::string_view kReplaceDriver =
    "the driver is not one that nvgpuctl knows; install nvgpuctl-dkms or use "
    "the kernel's own";

const ObservedRegion* find_region(const DeviceObservation& seen,
                                  unsigned index) {
  for (const auto& region : seen.regions) {
    if (region.index == index) {
      return &region;
    }
  }
  return nullptr;
}

bool is_sparse(const ObservedRegion* region) {
  return region != nullptr && region->sparse.has_value();
}

// QEMU asserts that the size of a BAR is a power of two.
bool valid_bar_size(const ObservedRegion* region) {
  return region == nullptr || region->size == 0 ||
         std::has_single_bit(region->size);
}

std::string size_text(std::uint64_t size) {
  return fmt::format("{} ({})", hex(size), human_size(size));
}

std::string describe_sparse(const ObservedRegion& region) {
  if (!region.sparse) {
    return "no sparse-mmap capability";
  }
  if (region.sparse->size() != 1) {
    return fmt::format("{} areas", region.sparse->size());
  }
  const auto& area = region.sparse->front();
  return fmt::format("one area, offset {}, size {}, version {}",
                     hex(area.offset), hex(area.size), region.sparse_version);
}

// The part of a region that can be mapped; 0 without the capability. A forged
// sum does not wrap round.
std::uint64_t mappable(const ObservedRegion* region) {
  std::uint64_t sum = 0;
  if (is_sparse(region)) {
    for (const auto& area : *region->sparse) {
      if (__builtin_add_overflow(sum, area.size, &sum)) {
        return std::numeric_limits<std::uint64_t>::max();
      }
    }
  }
  return sum;
}

void check_device(SectionWriter& checks, const DeviceObservation& seen) {
  const bool pci = (seen.flags & kDevicePci) != 0;
  checks.require(
      "vfio-device", pci && seen.num_regions >= kPciRegions,
      {fmt::format("a PCI device with at least {} regions", kPciRegions),
       fmt::format("{} with {} regions", pci ? "a PCI device" : "no PCI device",
                   seen.num_regions)},
      {"", kReplaceDriver});
  const bool reset = (seen.flags & kDeviceReset) != 0;
  checks.require(
      "vfio-reset", reset,
      {"can be reset", reset ? "can be reset" : "cannot be reset"},
      {"",
       "without a reset a guest gets the state of the one before; look at "
       "reset_method in sysfs"});
  std::string problems;
  for (const auto& problem : seen.problems) {
    problems += (problems.empty() ? "" : "; ") + problem;
  }
  checks.require("vfio-access", problems.empty(),
                 {"no read fails", problems.empty() ? "none failed" : problems},
                 {"", "look at the kernel log"});
}

void check_layout(SectionWriter& checks, const RegionPlan& plan,
                  const DeviceObservation& seen,
                  const std::optional<Layout>& layout) {
  const bool same = layout == plan.layout;
  const Comparison comparison{
      std::string(to_string(plan.layout)),
      layout ? std::string(to_string(*layout)) : "none that is known"};
  if (layout == Layout::plain) {
    // The driver's fallback: bound, but no coherent memory.
    checks.prefer("vfio-layout", same, comparison,
                  {"",
                   "the driver found no memory in ACPI and fell back to "
                   "plain PCI; see the firmware checks and the kernel "
                   "log"});
    return;
  }
  const bool as_posted_in_2023 =
      layout == Layout::single && !is_sparse(find_region(seen, 2));
  checks.require(
      "vfio-layout", same, comparison,
      {"", as_posted_in_2023 ? "this is the driver as posted in 2023, on whose "
                               "BAR QEMU aborts; replace it"
                             : "load the driver with layout=" +
                                   std::string(to_string(plan.layout))});
}

// What VFIO shows of one part of the memory.
struct PartObservation {
  std::string prefix;  // of the checks' ids
  const ObservedRegion* region = nullptr;
  std::optional<std::uint64_t> bar_mask;
  std::optional<std::uint8_t> tail;
};

void check_bar(SectionWriter& checks, const MemoryRegion& part,
               const PartObservation& seen) {
  const std::string id = seen.prefix + "-bar";
  if (!seen.bar_mask) {
    checks.skip(id, "the BAR was not sized");
    return;
  }
  const std::uint64_t mask = ~(part.bar_size - 1) | kBarType;
  checks.require(id, *seen.bar_mask == mask, {hex(mask), hex(*seen.bar_mask)},
                 {"",
                  "a guest would size this BAR wrongly; replace the "
                  "driver"});
}

void check_tail(SectionWriter& checks, const MemoryRegion& part,
                const PartObservation& seen) {
  const std::string id = seen.prefix + "-tail";
  if (part.size == part.bar_size) {
    checks.skip(id, "memory fills the BAR: there is no tail");
    return;
  }
  if (!seen.tail) {
    checks.skip(id, "the tail was not read");
    return;
  }
  checks.require(id, *seen.tail == 0xFF, {"0xff", hex(*seen.tail)},
                 {"", "the tail must never show memory; replace the driver"});
}

void check_part(SectionWriter& checks, const MemoryRegion& part,
                const PartObservation& seen) {
  if (seen.region == nullptr) {
    checks.skip_rest(seen.prefix,
                     fmt::format("region {} was not read", part.bar));
    return;
  }
  const ObservedRegion& region = *seen.region;
  const std::uint64_t offset = std::uint64_t{part.bar} << kOffsetShift;
  checks.require(
      seen.prefix + "-region",
      (region.flags & kRegionFlags) == kRegionFlags && region.offset == offset,
      {fmt::format("flags {:#x}, offset {}", kRegionFlags, hex(offset)),
       fmt::format("flags {:#x}, offset {}", region.flags, hex(region.offset))},
      {"", kReplaceDriver});
  checks.require(seen.prefix + "-size", region.size == part.bar_size,
                 {size_text(part.bar_size), size_text(region.size)},
                 {"",
                  "driver and firmware disagree; see the kernel log for "
                  "the size that the driver found"});
  ObservedRegion wanted;
  wanted.sparse = {{0, part.size}};
  wanted.sparse_version = 1;
  const bool one_area = region.sparse && region.sparse->size() == 1;
  checks.require(
      seen.prefix + "-sparse",
      one_area && region.sparse->front().offset == 0 &&
          region.sparse->front().size == part.size &&
          region.sparse_version == 1,
      {describe_sparse(wanted), describe_sparse(region)},
      {"", "a guest could map less or more than there is; replace the driver"});
  check_bar(checks, part, seen);
  check_tail(checks, part, seen);
}

// Where no memory is to be, the physical BAR shows through, and a physical BAR
// has no sparse areas.
void check_other_bar(SectionWriter& checks, const RegionPlan& plan,
                     const DeviceObservation& seen) {
  if (plan.reserved) {
    checks.skip("vfio-other-bar", "both BARs show memory");
    return;
  }
  const unsigned other = plan.layout == Layout::single ? 4 : 2;
  const bool sparse = is_sparse(find_region(seen, other));
  checks.require("vfio-other-bar", !sparse,
                 {fmt::format("region {} is the physical BAR", other),
                  sparse ? "it has a sparse-mmap capability"
                         : "it has no sparse-mmap capability"},
                 {"", "driver and MIG erratum disagree; see the DVSEC check"});
}

void check_parts(SectionWriter& checks, const RegionPlan& plan,
                 const DeviceObservation& seen) {
  const unsigned bar = plan.usable->bar;
  check_part(checks, *plan.usable,
             {"vfio-usable", find_region(seen, bar),
              bar == 4 ? seen.bar4_mask : seen.bar2_mask,
              bar == 4 ? seen.tail4 : seen.tail2});
  if (plan.reserved) {
    check_part(checks, *plan.reserved,
               {"vfio-reserved", find_region(seen, plan.reserved->bar),
                seen.bar2_mask, seen.tail2});
  } else {
    checks.skip_rest("vfio-reserved", "this plan has no reserved part");
  }
  check_other_bar(checks, plan, seen);
  const std::uint64_t total =
      plan.usable->size + (plan.reserved ? plan.reserved->size : 0);
  std::uint64_t shown = mappable(find_region(seen, bar));
  if (plan.reserved &&
      __builtin_add_overflow(
          shown, mappable(find_region(seen, plan.reserved->bar)), &shown)) {
    shown = std::numeric_limits<std::uint64_t>::max();
  }
  checks.require("vfio-total", shown == total,
                 {size_text(total), size_text(shown)},
                 {"",
                  "driver and firmware disagree; see the kernel log for "
                  "the size that the driver found"});
}

void check_ready(SectionWriter& checks, std::string_view id,
                 const std::optional<std::uint32_t>& value,
                 std::string_view reason) {
  if (!value) {
    checks.skip(id, "the register in BAR 0 was not read");
    return;
  }
  checks.require(id, *value == kReady, {hex(kReady), hex(*value)},
                 {reason,
                  "wait up to 30 seconds after a reset; if it stays, "
                  "power-cycle the host"});
}

}  // namespace

std::optional<Layout> recognise_layout(const DeviceObservation& seen) {
  const ObservedRegion* region2 = find_region(seen, 2);
  const ObservedRegion* region4 = find_region(seen, 4);
  if (is_sparse(region4)) {
    return Layout::split;
  }
  // The posting of 2023 had neither capability nor rounding; no physical BAR
  // has a size that is not a power of two.
  if (is_sparse(region2) || !valid_bar_size(region2)) {
    return Layout::single;
  }
  const bool physical = region2 != nullptr && region4 != nullptr &&
                        region4->size != 0 && valid_bar_size(region4);
  return physical ? std::optional(Layout::plain) : std::nullopt;
}

CheckSection check_regions(const RegionPlan& plan,
                           const DeviceObservation& seen) {
  SectionWriter checks("vfio");
  check_device(checks, seen);
  const auto layout = recognise_layout(seen);
  check_layout(checks, plan, seen, layout);
  const auto size_of = [&](unsigned index) {
    const ObservedRegion* region = find_region(seen, index);
    return region == nullptr ? std::string("not read") : hex(region->size);
  };
  checks.require(
      "vfio-power-of-two",
      valid_bar_size(find_region(seen, 2)) &&
          valid_bar_size(find_region(seen, 4)),
      {"sizes are powers of two",
       fmt::format("region 2: {}, region 4: {}", size_of(2), size_of(4))},
      {"", "QEMU aborts on such a BAR; replace the driver"});
  if (plan.usable && layout == plan.layout) {
    check_parts(checks, plan, seen);
  } else {
    const std::string_view why = plan.usable
                                     ? "the regions show another layout"
                                     : "the plan has no coherent memory";
    for (const auto* prefix :
         {"vfio-usable", "vfio-reserved", "vfio-other-bar", "vfio-total"}) {
      checks.skip_rest(prefix, why);
    }
  }
  check_ready(checks, "vfio-c2c-ready", seen.c2c_ready, "NVG-E012");
  check_ready(checks, "vfio-hbm-ready", seen.hbm_ready, "");
  return checks.take();
}

}  // namespace nvgpuctl
