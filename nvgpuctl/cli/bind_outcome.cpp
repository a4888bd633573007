// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bind_outcome.hpp"

#include <utility>

#include "cli/main_cli.hpp"
#include "cli/select.hpp"

namespace nvgpuctl::cli {

std::vector<Outcome> read_outcomes(const RootDir& root,
                                   std::vector<ChangeReport> changes) {
  const auto after = take_inventory(root, kToJudge);
  std::vector<Outcome> outcomes;
  for (auto& change : changes) {
    const auto* gpu = after ? find_gpu(*after, change.plan.gpu) : nullptr;
    const auto state =
        gpu == nullptr ? std::nullopt : std::optional(gpu->state);
    outcomes.push_back({std::move(change), state});
  }
  return outcomes;
}

ExitCode judge(Context& context, const std::optional<Error>& failure,
               const std::vector<Outcome>& outcomes) {
  if (failure) {
    print_error(context.err, *failure);
    return exit_code(failure->code);
  }
  bool degraded = false;
  for (const auto& [change, state] : outcomes) {
    if (!change.problem.empty()) {
      print_error(context.err,
                  {Errc::busy, to_string(change.plan.gpu), change.problem,
                   "it is bound; validate it when it is free"});
      return ExitCode::in_use;
    }
    const auto left = not_restored(change.steps);
    if (!left.empty()) {
      print_error(context.err,
                  {Errc::io, to_string(change.plan.gpu),
                   "is back, but not everything runs again: " + left, ""});
      return ExitCode::failed;
    }
    degraded = degraded || state == GpuState::degraded ||
               overall(change.proof) == Verdict::degraded;
  }
  return degraded ? ExitCode::degraded : ExitCode::done;
}

}  // namespace nvgpuctl::cli
