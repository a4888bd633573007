// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "cli/command.hpp"

namespace nvgpuctl::cli {

// Help about a verb, about a group of verbs ("xml"), or, for an empty topic,
// about the program.
void print_help(Context& context, std::string_view topic);

// "nvgpuctl bind [OPTION…] GPU…"
std::string synopsis(const Command& command);

// How an option is written: "-o, --output FORMAT".
std::string option_usage(const OptionSpec& option);

}  // namespace nvgpuctl::cli
