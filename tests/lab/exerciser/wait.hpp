// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <iosfwd>

#include "device.hpp"

namespace exerciser {

// Opens the device, which resets it, and has every second thread map the first
// byte of usable memory, and the others read() it. What came of each and how
// long it took, as JSON to out. The exit code: 0, also where an access failed,
// or 1 with a reason in log.
int wait_for_memory(Device& device, unsigned threads, std::ostream& out,
                    std::ostream& log);

}  // namespace exerciser
