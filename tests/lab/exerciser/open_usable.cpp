// SPDX-License-Identifier: GPL-2.0-or-later
#include "open_usable.hpp"

#include <ostream>

#include "operation.hpp"
#include "storm.hpp"

namespace exerciser {

std::uint8_t* open_usable(Device& device, unsigned file, std::uint64_t length,
                          const Placement& placement, std::ostream& log) {
  if (device.open(file) != 0 || set_decode(device, file, true) != 0) {
    log << "cannot open the device" << std::endl;
    return nullptr;
  }
  const auto region = device.shape().regions.front().index;
  const auto mapped =
      device.map(file, {.region = region, .length = length}, placement);
  if (mapped.result != 0) {
    log << "mmap: " << show_result(mapped.result) << std::endl;
    return nullptr;
  }
  return mapped.address;
}

}  // namespace exerciser
