// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <iosfwd>

#include "device.hpp"

namespace exerciser {

// Opens the device as `file`, which resets it, switches memory decode on, and
// maps the first `length` bytes of usable memory. Null with a reason in log.
std::uint8_t* open_usable(Device& device, unsigned file, std::uint64_t length,
                          const Placement& placement, std::ostream& log);

}  // namespace exerciser
