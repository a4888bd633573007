// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "core/region_observation.hpp"

namespace nvgpuctl {

// An opened VFIO PCI device, as attestation needs it. Tests script it.
class VfioDevice {
 public:
  struct Info {
    std::uint32_t flags = 0;
    unsigned num_regions = 0;
  };

  virtual ~VfioDevice() = default;

  virtual Result<Info> device_info() = 0;
  virtual Result<ObservedRegion> region_info(unsigned index) = 0;
  // Reads exactly the span's length at an offset into the region.
  virtual Result<> read(unsigned region, std::uint64_t offset,
                        std::span<std::uint8_t> bytes) = 0;
  // Writes the 32-bit word to configuration space; for sizing BARs, whose
  // value the caller restores.
  virtual Result<> write_config(std::uint64_t offset, std::uint32_t value) = 0;
};

}  // namespace nvgpuctl
