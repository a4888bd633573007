// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <iosfwd>

#include "device.hpp"
#include "generator.hpp"

namespace exerciser {

struct Options {
  std::uint64_t operations = 10000;
  std::uint64_t seed = 0;  // 0: of the clock
  unsigned threads = 4;
  unsigned unbinds = 0;  // how many, spread over the run
  bool replay = false;   // print every operation before it is done
  Weights weights = usual_weights();
};

// The exit code: 0, or 1 when device and model disagree. The summary goes to
// out as JSON, everything else to log.
int exercise(Device& device, const Options& options, std::ostream& out,
             std::ostream& log);

}  // namespace exerciser
