// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gpusim/options.hpp"

namespace nvgpuctl::gpusim {

// What a scenario says of its GPU number `index`: device_id, and under sim
//
//   subsystem_id: 0x16eb
//   mig_erratum_fixed: false   # true on Blackwell
//   no_dvsec: false
//   cxl: false
//   ready: {c2c: 0xff, hbm: 0xff, after_ms: 0}    # or after_ms: never
//   config: ok                 # or dead, from the first reset on
//   bars: {bar0: 0x1000000, bar2: 0x2000000000, bar4: 0x2000000}
//
// All other keys of the file are the lab's, which checks them.
Result<GpuOptions> parse_scenario(std::string_view yaml,
                                  const std::string& name, std::size_t index);

}  // namespace nvgpuctl::gpusim
