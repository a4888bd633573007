// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "core/region_observation.hpp"

namespace nvgpuctl {

enum class MapKind { shared, private_copy };

// A mapping to try: bytes of a region, in whole pages.
struct MapRequest {
  unsigned region = 0;
  std::uint64_t offset = 0;
  std::size_t length = 0;
  MapKind kind = MapKind::shared;
};

// An opened VFIO PCI device, as attestation needs it; tests have a model of
// one. What begins with try_ may well be refused: the answer is the errno.
class VfioDevice {
 public:
  virtual ~VfioDevice() = default;

  virtual Result<ObservedDevice> device_info() = 0;
  virtual Result<ObservedRegion> region_info(unsigned index) = 0;
  // Asks for a region with room for `argsz` bytes only.
  virtual ShortAnswer try_short_region_info(unsigned index,
                                            std::uint32_t argsz) = 0;

  // Both move exactly the span's length, at an offset into the region.
  virtual Result<> read(unsigned region, std::uint64_t offset,
                        std::span<std::uint8_t> bytes) = 0;
  virtual Result<> write(unsigned region, std::uint64_t offset,
                         std::span<const std::uint8_t> bytes) = 0;
  // Reads one byte; 0 when it was read.
  virtual int try_read(unsigned region, std::uint64_t offset) = 0;

  // Maps for reading, looks at the mapping, and unmaps; touches no page of it.
  virtual MapAttempt try_map(const MapRequest& request) = 0;
  // Reads through a shared mapping. A page that cannot be there is an error,
  // and no signal.
  virtual Result<> read_mapped(unsigned region, std::uint64_t offset,
                               std::span<std::uint8_t> bytes) = 0;

  // VFIO_DEVICE_IOEVENTFD for a word of the region, taking away an eventfd that
  // was never there, so that nothing changes whatever the answer is.
  virtual int try_ioeventfd(unsigned region, std::uint64_t offset) = 0;
  // Whether VFIO_DEVICE_FEATURE knows a feature that can be got.
  virtual int try_feature(std::uint32_t feature) = 0;
};

}  // namespace nvgpuctl
