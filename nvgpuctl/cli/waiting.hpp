// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "cli/command.hpp"
#include "ops/attest.hpp"

namespace nvgpuctl::cli {

// How a verb waits for a GPU's memory: it sleeps, and tells somebody who
// watches, each line behind `prefix`.
AttestOptions waiting(Context& context, std::string prefix);

}  // namespace nvgpuctl::cli
