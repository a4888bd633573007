// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/region_plan.hpp"

// Everything that attestation reads from an opened VFIO device before any of
// it is judged (core/region_check.hpp).

namespace nvgpuctl {

// What both readiness registers of BAR 0 hold when the memory is there
// (mainline drivers/vfio/pci/nvgrace-gpu/main.c).
constexpr std::uint32_t kRegisterReady = 0xFF;
// Memory_Info_Valid and Memory_Active of CXL 3.1, 8.1.3.8, both set by then.
constexpr std::uint32_t kCxlRangeReady = 0x3;

// What VFIO said about one region (struct vfio_region_info).
struct ObservedRegion {
  unsigned index = 0;
  std::uint32_t argsz = 0;  // bytes that the whole answer takes
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
  // VFIO_REGION_INFO_CAP_TYPE: what a device-specific region is.
  struct Type {
    std::uint32_t type = 0;
    std::uint32_t subtype = 0;
  };
  std::optional<Type> type;
  // What is wrong with the capability chain, each in words.
  std::vector<std::string> problems;
};

// What VFIO said about the device (struct vfio_device_info).
struct ObservedDevice {
  std::uint32_t flags = 0;  // VFIO_DEVICE_FLAGS_*
  unsigned num_regions = 0;
  std::vector<std::string> problems;  // of its capability chain
};

// VFIO_DEVICE_GET_REGION_INFO with room for less than the answer.
struct ShortAnswer {
  int error = 0;  // errno; 0 when it succeeded, and then:
  std::uint32_t argsz = 0;
  std::uint32_t flags = 0;
  std::uint32_t cap_offset = 0;
};

// An mmap() that was tried and, if it was granted, undone at once.
struct MapAttempt {
  int error = 0;  // errno; 0 when it was granted, and then:
  // "rd sh mr mw me ms pf io de dd", empty when /proc does not tell.
  std::string vm_flags;
};

// A BAR register of configuration space, sized as firmware does it at boot.
struct BarSizing {
  std::uint64_t before = 0;
  std::uint64_t mask = 0;   // after all ones were written
  std::uint64_t after = 0;  // after `before` was written back
};

// What the region of a part of the memory does when it is used. Fields that
// hold nothing were not tried, or the trial failed and is in `problems`.
struct RegionBehaviour {
  std::optional<ShortAnswer> without_capabilities;  // argsz 32
  std::optional<ShortAnswer> too_short;             // argsz 24
  std::optional<BarSizing> bar;
  // Eight bytes right behind the memory, and the last eight of the BAR.
  std::optional<std::uint64_t> tail_first;
  std::optional<std::uint64_t> tail_last;
  // What an access behind the BAR gave: errno, or 0 if it was done.
  std::optional<int> read_outside;
  std::optional<int> ioeventfd;
  // Pages of the memory: the first, the last, the one behind it, the last and
  // the one behind it together; and the first as a private mapping.
  std::optional<MapAttempt> map_first;
  std::optional<MapAttempt> map_last;
  std::optional<MapAttempt> map_behind;
  std::optional<MapAttempt> map_across;
  std::optional<MapAttempt> map_private;
};

// Everything read from an opened VFIO device before it is judged.
struct DeviceObservation {
  std::string path;  // "/dev/vfio/19"
  ObservedDevice device;
  std::vector<ObservedRegion> regions;
  // Regions 2 and 4, of which either may show memory.
  RegionBehaviour region2;
  RegionBehaviour region4;
  // The first dword of configuration space: vendor and device id.
  std::optional<std::uint32_t> ids;
  // The command register as the device was opened, while registers were read,
  // and at the end.
  std::optional<std::uint16_t> command_before;
  std::optional<std::uint16_t> command_during;
  std::optional<std::uint16_t> command_after;
  // BAR0 + 0x1498 and + 0x200BC: both 0xFF when the link and memory are ready.
  std::optional<std::uint32_t> c2c_ready;
  std::optional<std::uint32_t> hbm_ready;
  // Size Low of range 1 in the CXL device DVSEC, for a GPU that has one: bits 0
  // and 1 say that its memory is there.
  std::optional<std::uint32_t> cxl_range;
  // What the probe of VFIO_DEVICE_FEATURE_DMA_BUF gave: 0 or an errno.
  std::optional<int> dma_buf;
  // Reads that the device refused, each in words.
  std::vector<std::string> problems;

  const ObservedRegion* region(unsigned index) const;
  // Of region 2 or 4.
  const RegionBehaviour& behaviour(unsigned index) const {
    return index == 2 ? region2 : region4;
  }
  RegionBehaviour& behaviour(unsigned index) {
    return index == 2 ? region2 : region4;
  }
};

// The region has the sparse-mmap capability, which no physical BAR of these
// GPUs has.
bool is_sparse(const ObservedRegion* region);

// QEMU asserts that the size of a BAR is a power of two.
bool has_bar_size(const ObservedRegion* region);

// Which layout these regions show; nothing when they show none that we know.
// `physical_bar2` is the size of the hardware's own BAR 2, where it is known:
// as posted in 2023 the driver had no capability, and what gives it away is a
// region that is no BAR, or not that one.
std::optional<Layout> recognise_layout(
    const DeviceObservation& seen,
    std::optional<std::uint64_t> physical_bar2 = std::nullopt);

}  // namespace nvgpuctl
