// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/waiting.hpp"

#include <thread>
#include <utility>

namespace nvgpuctl::cli {

AttestOptions waiting(Context& context, std::string prefix) {
  AttestOptions options;
  options.pause = [](std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
  };
  if (context.progress) {
    options.tell = [&context,
                    prefix = std::move(prefix)](std::string_view text) {
      context.err << prefix << text << '\n';
    };
  }
  return options;
}

}  // namespace nvgpuctl::cli
