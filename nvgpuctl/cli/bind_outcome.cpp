// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bind_outcome.hpp"

#include <fmt/format.h>

#include "cli/main_cli.hpp"
#include "cli/select.hpp"

namespace nvgpuctl::cli {
namespace {

// What the GPUs came to be, which the kernel's accepting every write does not
// tell.
void read_states(const RootDir& root, std::vector<Outcome>& outcomes) {
  const auto after = take_inventory(root, kToJudge);
  if (!after) {
    return;
  }
  for (auto& outcome : outcomes) {
    for (const auto& gpu : after->gpus) {
      if (gpu.pci.address == outcome.plan.gpu) {
        outcome.state = gpu.state;
      }
    }
  }
}

bool anything_changed(const std::vector<Outcome>& outcomes) {
  for (const auto& outcome : outcomes) {
    for (const auto& step : outcome.report.steps) {
      if (step.done) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<Outcome> carry_out(Context& context, const RootDir& root,
                               ModuleLoader& modules,
                               const std::vector<BindPlan>& plans) {
  std::vector<Outcome> outcomes;
  for (const auto& plan : plans) {
    if (context.progress && !plan.steps.empty()) {
      context.err << fmt::format(
          "{}: changing the driver; it may wait 30 s for the GPU's memory\n",
          to_string(plan.gpu));
    }
    outcomes.push_back({plan, apply(root, modules, plan), {}});
    if (!outcomes.back().report.done) {
      break;
    }
  }
  read_states(root, outcomes);
  return outcomes;
}

ExitCode judge(Context& context, const std::vector<Outcome>& outcomes) {
  if (!outcomes.empty() && !outcomes.back().report.done) {
    const bool half_way = anything_changed(outcomes);
    print_error(context.err,
                {Errc::io, to_string(outcomes.back().plan.gpu),
                 half_way ? "the change failed half-way"
                          : "the change failed before anything was changed",
                 "see which step failed, and why, above or in 'steps'"});
    return half_way ? ExitCode::needs_operator : ExitCode::failed;
  }
  for (const auto& outcome : outcomes) {
    if (outcome.state == GpuState::degraded) {
      return ExitCode::degraded;
    }
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
