// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/result.hpp"
#include "cli/command.hpp"
#include "ops/generate.hpp"

namespace nvgpuctl::cli {

// The version that an option names; untouched when it is not given.
Result<> read_version(const Arguments& arguments, std::string_view option,
                      std::optional<Version>& version);

// The options of "xml generate" as values. Every error is Errc::usage.
Result<GenerateOptions> generate_options(const Arguments& arguments);

}  // namespace nvgpuctl::cli
