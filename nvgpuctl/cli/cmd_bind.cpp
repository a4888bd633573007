// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "cli/main_cli.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "ops/bind.hpp"

namespace nvgpuctl::cli {
namespace {

using Planner = Result<BindPlan> (*)(const HostSnapshot&, const Gpu&);

// A plan that was carried out, or tried.
struct Outcome {
  BindPlan plan;
  BindReport report;
  std::optional<GpuState> state;  // afterwards
};

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

// Stops at the first plan that could not be carried out.
std::vector<Outcome> carry_out(Context& context, const RootDir& root,
                               const std::vector<BindPlan>& plans) {
  Modprobe modules;
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
  const auto outcomes = carry_out(context, selection->root, plans);
  print_outcomes(context, outcomes);
  return judge(context, outcomes);
}

}  // namespace

Result<ExitCode> run_bind(Context& context, const Arguments& arguments) {
  return change_driver(context, arguments, plan_bind);
}

Result<ExitCode> run_unbind(Context& context, const Arguments& arguments) {
  return change_driver(context, arguments, plan_unbind);
}

}  // namespace nvgpuctl::cli
