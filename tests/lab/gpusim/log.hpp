// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <ostream>
#include <string_view>

#include "gpusim/gpu.hpp"

namespace nvgpuctl::gpusim {

// What happened, a line each, with the milliseconds since the start. Stops
// after a while: a rough guest writes configuration space a million times.
class Log {
 public:
  Log(std::ostream& out, Instant start) : out_(out), start_(start) {}

  void add(Instant now, std::string_view line);

 private:
  static constexpr std::size_t kMaxBytes = 8UL * 1024 * 1024;

  std::ostream& out_;
  Instant start_;
  std::size_t written_ = 0;
};

}  // namespace nvgpuctl::gpusim
