// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/log.hpp"

#include <fmt/format.h>

namespace nvgpuctl::gpusim {

void Log::add(Instant now, std::string_view line) {
  if (written_ > kMaxBytes) {
    return;
  }
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  const auto text = fmt::format("{:>9} {}\n", elapsed.count(), line);
  written_ += text.size();
  out_ << text;
  if (written_ > kMaxBytes) {
    out_ << "(no more lines: the log is full)\n";
  }
  // Somebody may be following it, or want it after a crash.
  out_.flush();
}

}  // namespace nvgpuctl::gpusim
