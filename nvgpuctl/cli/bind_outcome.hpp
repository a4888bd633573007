// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "core/gpu.hpp"
#include "ops/bind.hpp"

namespace nvgpuctl::cli {

// A plan that was carried out, or tried.
struct Outcome {
  BindPlan plan;
  BindReport report;
  std::optional<GpuState> state;  // afterwards
};

// Carries plans out one after the other, and reads what the GPUs came to be.
// Stops at the first plan that could not be carried out.
std::vector<Outcome> carry_out(Context& context, const RootDir& root,
                               ModuleLoader& modules,
                               const std::vector<BindPlan>& plans);

// The exit code of it all; a failure is said on context.err.
ExitCode judge(Context& context, const std::vector<Outcome>& outcomes);

}  // namespace nvgpuctl::cli
