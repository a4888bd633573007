// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace nvgpuctl::cli {

// Completion scripts, written from the tables of verbs and options. GPU
// addresses are asked of `nvgpuctl list --addresses` when they are needed.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace nvgpuctl::cli
