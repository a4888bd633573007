// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/region_observation.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

constexpr unsigned kConfigRegion = 7;  // VFIO_PCI_CONFIG_REGION_INDEX

// Four bytes of a region; nothing, and a line in `problems`, when the device
// refuses.
std::optional<std::uint32_t> read_word(VfioDevice& device, unsigned region,
                                       std::uint64_t offset,
                                       std::vector<std::string>& problems);

// Sizes a 64-bit BAR as firmware does it and puts it back. Error: it could not
// be put back.
Result<std::optional<BarSizing>> size_bar(VfioDevice& device, unsigned index,
                                          std::vector<std::string>& problems);

// Switches memory decode on, without which neither registers nor memory can be
// reached. restore() must be called; it puts the command register back.
class MemoryDecode {
 public:
  explicit MemoryDecode(VfioDevice& device) : device_(device) {}

  void enable(DeviceObservation& seen);
  // Error: the register could not be put back.
  Result<> restore(DeviceObservation& seen);

 private:
  std::optional<std::uint16_t> read(std::vector<std::string>& problems);
  Result<> write(std::uint16_t value);

  VfioDevice& device_;
  std::optional<std::uint16_t> original_;  // set while it is changed
};

}  // namespace nvgpuctl
