// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "cli/bind_outcome.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"

namespace nvgpuctl::cli {
namespace {

using Planner = Result<BindPlan> (*)(const HostSnapshot&, const Gpu&);

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
      items.push_back(
          bind_report_json(outcome.plan, outcome.report, outcome.state));
    }
    print_list(context, "BindReport", items);
    return;
  }
  for (const auto& outcome : outcomes) {
    print_bind_report(context, outcome.plan, outcome.report);
  }
}

Result<ExitCode> change_driver(Context& context, const Arguments& arguments,
                               Planner planner) {
  auto selection =
      select(context, arguments, kToJudge, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const bool dry_run = arguments.has("--dry-run");
  if (!dry_run && !selection->root.live()) {
    return fail(Errc::usage, context.root,
                "is a recorded host, which cannot be changed",
                "add --dry-run to see the plan");
  }
  std::vector<BindPlan> plans;
  for (const auto index : selection->gpus) {
    const auto& gpu = selection->inventory.gpus[index];
    auto plan = planner(selection->inventory.host, gpu);
    if (!plan) {
      return forward_error(plan);
    }
    // A plan is shown whoever holds the GPU; it is not carried out.
    if (!dry_run && !plan->steps.empty()) {
      const auto free = check_not_held(selection->root, gpu);
      if (!free) {
        return forward_error(free);
      }
    }
    plans.push_back(std::move(*plan));
  }
  if (dry_run) {
    print_plans(context, plans);
    return ExitCode::done;
  }
  Modprobe modules;
  const auto outcomes = carry_out(context, selection->root, modules, plans);
  print_outcomes(context, outcomes);
  return judge(context, outcomes);
}

}  // namespace

Result<ExitCode> run_bind(Context& context, const Arguments& arguments) {
  return change_driver(context, arguments, plan_bind);
}

Result<ExitCode> run_unbind(Context& context, const Arguments& arguments) {
  return change_driver(
      context, arguments,
      [](const HostSnapshot&, const Gpu& gpu) { return plan_unbind(gpu); });
}

}  // namespace nvgpuctl::cli
