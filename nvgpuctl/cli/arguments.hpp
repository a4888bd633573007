// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace nvgpuctl::cli {

enum class Wish { run, help, version };

// A command line, understood.
struct Invocation {
  Wish wish = Wish::run;
  const Command* command = nullptr;  // always set for Wish::run
  std::string topic = {};            // what help is wanted about; may be empty
  Arguments arguments = {};
};

// Options may stand before or after the verb; without a verb it is "list".
// Every error is Errc::usage.
Result<Invocation> parse_arguments(std::span<const std::string_view> args);

}  // namespace nvgpuctl::cli
