// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <iosfwd>

#include "vfio_device.hpp"

namespace exerciser {

// After what the memory is touched: after opening the device, which resets it,
// or, with a mapping that was touched before, after a reset that VFIO knows
// nothing of, after D3hot, or after low power.
enum class After { open, reset, d3hot, low_power };

struct WaitOptions {
  After after = After::open;
  unsigned threads = 4;
};

// Has every second thread load the first byte of usable memory from a mapping,
// and the others read() it. What came of each and how long it took, as JSON to
// out. The exit code: 0, also where an access failed, or 1 with a reason in
// log.
int wait_for_memory(VfioDevice& device, const WaitOptions& options,
                    std::ostream& out, std::ostream& log);

}  // namespace exerciser
