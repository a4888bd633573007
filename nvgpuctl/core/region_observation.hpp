// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/region_plan.hpp"

namespace nvgpuctl {

// What VFIO said about one region (struct vfio_region_info).
struct ObservedRegion {
  unsigned index = 0;
  std::uint32_t flags = 0;  // VFIO_REGION_INFO_FLAG_*
  std::uint64_t size = 0;   // bytes
  std::uint64_t offset = 0;
  struct SparseArea {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  // Areas of VFIO_REGION_INFO_CAP_SPARSE_MMAP; nothing without the capability.
  std::optional<std::vector<SparseArea>> sparse;
  std::uint16_t sparse_version = 0;
};

// Everything read from an opened VFIO device before it is judged.
struct DeviceObservation {
  std::uint32_t flags = 0;  // VFIO_DEVICE_FLAGS_*
  unsigned num_regions = 0;
  std::vector<ObservedRegion> regions;
  // Lower dwords and upper dwords of the BAR registers after ~0 was written,
  // for BAR 2 and BAR 4; nothing when sizing was not tried.
  std::optional<std::uint64_t> bar2_mask;
  std::optional<std::uint64_t> bar4_mask;
  // A byte behind the backed part of the region, expected 0xFF.
  std::optional<std::uint8_t> tail2;
  std::optional<std::uint8_t> tail4;
  // BAR0 + 0x1498 and + 0x200BC: both 0xFF when the link and memory are ready.
  std::optional<std::uint32_t> c2c_ready;
  std::optional<std::uint32_t> hbm_ready;
  // Reads that the device refused, each in words.
  std::vector<std::string> problems;
};

// Which layout these regions show; nothing when they show none that we know.
std::optional<Layout> recognise_layout(const DeviceObservation& seen);

// Section "vfio" of `validate`.
CheckSection check_regions(const RegionPlan& plan,
                           const DeviceObservation& seen);

}  // namespace nvgpuctl
