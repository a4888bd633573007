// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// All of standard input, to its end, so that whoever writes it never waits for
// us. What is longer than `limit`, or does not end in `time`, is an error; it
// is read all the same as far as the time goes.
Result<std::string> read_standard_input(std::size_t limit,
                                        std::chrono::milliseconds time);

// Makes a text the standard input of this process and of what it becomes.
Result<> replace_standard_input(std::string_view text);

// Ends this process after some time, whatever it waits for. The journal makes
// that safe.
void end_after(std::chrono::seconds time);

}  // namespace nvgpuctl
