// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <iosfwd>

#include "device.hpp"

namespace exerciser {

// What mapping and reading all usable memory costs, as JSON to out. The exit
// code: 0, or 1 with a reason in log.
int touch_bench(Device& device, const Placement& placement, std::ostream& out,
                std::ostream& log);

}  // namespace exerciser
