// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bind_outcome.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "cli/main_cli.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
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
    const bool for_guests =
        gpu != nullptr && change.plan.to == variant_driver(*gpu);
    outcomes.push_back({std::move(change), state, for_guests});
  }
  return outcomes;
}

void print_plans(Context& context, const std::vector<BindPlan>& plans) {
  if (wants_document(context)) {
    std::vector<Json> items;
    for (const auto& plan : plans) {
      items.push_back(bind_plan_json(plan));
    }
    print_list(context, "BindPlan", items);
    return;
  }
  for (const auto& plan : plans) {
    print_bind_plan(context, plan);
  }
}

void print_outcomes(Context& context, const std::vector<Outcome>& outcomes) {
  if (wants_document(context)) {
    std::vector<Json> items;
    for (const auto& outcome : outcomes) {
      items.push_back(bind_report_json(outcome.change, outcome.state));
    }
    print_list(context, "BindReport", items);
    return;
  }
  for (const auto& outcome : outcomes) {
    print_bind_report(context, outcome.change);
  }
}

ExitCode judge(Context& context, const std::optional<Error>& failure,
               const std::vector<Outcome>& outcomes) {
  if (failure) {
    print_error(context.err, *failure);
    return exit_code(failure->code);
  }
  ExitCode code = ExitCode::done;
  for (const auto& [change, state, for_guests] : outcomes) {
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
    if (!for_guests) {
      continue;
    }
    if (state == GpuState::blocked) {
      code = ExitCode::not_viable;
    } else if (code == ExitCode::done &&
               (state == GpuState::degraded ||
                overall(change.proof) == Verdict::degraded)) {
      code = ExitCode::degraded;
    }
  }
  return code;
}

}  // namespace nvgpuctl::cli
