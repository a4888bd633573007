// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/vfio.h>

#include <cstdint>

namespace exerciser {

// VFIO_REGION_INFO_CAP_SPARSE_MMAP with one area: the kernel's own structure
// ends in an array of no length, which C++ has no use for.
struct SparseCapability {
  vfio_info_cap_header header{};
  std::uint32_t areas = 0;
  std::uint32_t reserved = 0;
  vfio_region_sparse_mmap_area area{};
};
static_assert(sizeof(SparseCapability) ==
              sizeof(vfio_region_info_cap_sparse_mmap) +
                  sizeof(vfio_region_sparse_mmap_area));

// What VFIO_DEVICE_GET_REGION_INFO fills for a region of coherent memory.
struct RegionInfo {
  vfio_region_info info{};
  SparseCapability sparse;
};
static_assert(sizeof(RegionInfo) ==
              sizeof(vfio_region_info) + sizeof(SparseCapability));

}  // namespace exerciser
