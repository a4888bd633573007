// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "gpusim/gpu.hpp"
#include "gpusim/interrupts.hpp"

namespace nvgpuctl::gpusim {

// Carries out one line of the control socket and gives the answer, one line
// without its end: "ok", "error: …", or what was asked for.
//
//   ready [c2c=N] [hbm=N] [after_ms=N|never]
//   config dead|ok        configuration space reads as ones
//   link down|up          the whole GPU does; up resets it
//   remove                as link down, for good
//   dvsec mig_fixed=0|1
//   msix vector=N         send an interrupt
//   state                 everything, as JSON
std::string run_command(std::string_view line, Gpu& gpu, Interrupts& interrupts,
                        Instant now);

}  // namespace nvgpuctl::gpusim
