// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <vector>

#include "cli/command.hpp"
#include "ops/inventory.hpp"
#include "ops/validate.hpp"

namespace nvgpuctl::cli {

// Looks at the GPU with an index into the inventory.
using Look = std::function<Result<Validation>(std::size_t gpu)>;

// Looks at one GPU after the other and prints what there is to see. One that
// cannot be looked at is said on context.err, and takes nothing from what is
// known of the others. The exit code is that of the gravest.
ExitCode print_validations(Context& context, const Inventory& inventory,
                           const std::vector<std::size_t>& gpus,
                           const Look& look);

}  // namespace nvgpuctl::cli
