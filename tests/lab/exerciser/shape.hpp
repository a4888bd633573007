// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace exerciser {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kHugePage = 2 * kMiB;

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) {
  return value / unit * unit;
}

// Where a region begins in the device's file: vfio-pci's own arithmetic, which
// the driver must keep because user space was written with it.
constexpr unsigned kRegionShift = 40;
constexpr unsigned kConfigRegion = 7;
constexpr unsigned kRegionCount = 9;

// A region of coherent memory: size bytes that can be mapped, and behind them
// up to bar_size what reads as ones.
struct CoherentRegion {
  unsigned index = 0;
  std::uint64_t size = 0;
  std::uint64_t bar_size = 0;
};

// A 64-bit BAR of the hardware, as vfio-pci-core shows it. Size 0: none.
struct CoreBar {
  unsigned index = 0;
  std::uint64_t size = 0;
};

// What the driver under test has to work with; it does not change in a run.
struct Shape {
  std::vector<CoherentRegion> regions;
  std::vector<CoreBar> core_bars;
  std::uint64_t config_size = 4096;
  std::uint64_t page_size = 4096;
  // Pages come by fault, and go when memory decode does (kernels from 6.10).
  bool by_fault = true;
  bool can_reset = true;
  bool low_power = false;          // has the feature
  std::uint64_t power_register{};  // PMCSR in configuration space, or 0

  const CoherentRegion* find(unsigned index) const;
};

// The least power of two that is not below size.
std::uint64_t round_up_to_power(std::uint64_t size);

enum class Layout { split, single };

// The regions of memory of which the last reserved bytes are the reserved
// part (0: none), as the driver's documentation describes them.
std::vector<CoherentRegion> coherent_regions(Layout layout,
                                             std::uint64_t usable,
                                             std::uint64_t reserved);

}  // namespace exerciser
