// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "core/gpu.hpp"
#include "ops/transaction.hpp"

namespace nvgpuctl::cli {

// What became of one GPU of a command.
struct Outcome {
  ChangeReport change;
  std::optional<GpuState> state;  // afterwards
  // To its variant driver. What a GPU is that was given back does not matter.
  bool for_guests = false;
};

// Adds what the GPUs came to be, which the kernel's accepting every write does
// not tell.
std::vector<Outcome> read_outcomes(const RootDir& root,
                                   std::vector<ChangeReport> changes);

// Of --dry-run.
void print_plans(Context& context, const std::vector<BindPlan>& plans);
void print_outcomes(Context& context, const std::vector<Outcome>& outcomes);

// The exit code of it all; a failure is said on context.err.
ExitCode judge(Context& context, const std::optional<Error>& failure,
               const std::vector<Outcome>& outcomes);

}  // namespace nvgpuctl::cli
