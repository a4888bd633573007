// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace nvgpuctl {

// What becomes of what a program says.
enum class ProgramOutput { shown, dropped };

// Runs a program and gives its exit status, or -1 when a signal ended it. No
// shell, an absolute path, and an environment of its own: root's is not
// trusted. Error: it cannot be started, or is not through in time; then it is
// killed.
Result<int> run_program(const std::string& path,
                        std::vector<std::string> arguments,
                        ProgramOutput output,
                        std::chrono::milliseconds patience);

}  // namespace nvgpuctl
