// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// Replaces this process by a program of ours that is not in PATH, with the same
// words behind its name. It is looked for in ../libexec/nvgpuctl, seen from
// this program, and then beside it, where a build tree has it. Returns only
// when that failed.
Error become_companion(const std::string& name,
                       std::span<const std::string_view> words);

}  // namespace nvgpuctl
