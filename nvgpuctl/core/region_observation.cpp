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
       fmt::format("{} with {} regions",
                   pci ? "a PCI device" : "no PCI device", seen.num_regions)},
      {"", kReplaceDriver});
  const bool reset = (seen.flags & kDeviceReset) != 0;
  checks.require(
      "vfio-reset", reset,
      {"can be reset", reset ? "can be reset" : "cannot be reset"},
      {"", "without a reset a guest gets the state of the one before; look at "
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
                  {"", "the driver found no memory in ACPI and fell back to "
                       "plain PCI; see the firmware checks and the kernel "
                       "log"});
    return;
  }
  const bool as_posted_in_2023 =
      layout == Layout::single && !is_sparse(find_region(seen, 2));
  checks.require("vfio-layout", same, comparison,
                 {"", as_posted_in_2023
                          ? "this is the driver as posted in 2023, on whose "
                            "BAR QEMU aborts; replace it"
                          : "load the driver with layout=" +
                                std::string(to_string(plan.layout))});
}
