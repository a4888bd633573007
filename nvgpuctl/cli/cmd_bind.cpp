// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/bind_outcome.hpp"
#include "cli/host_change.hpp"
#include "cli/output_json.hpp"
#include "cli/output_text.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"

namespace nvgpuctl::cli {
namespace {

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

enum class Direction { to_variant, to_origin };

Result<std::vector<Change>> plan_changes(const Selection& selection,
                                         Direction direction,
                                         const Signature& signature) {
  std::vector<Change> changes;
  for (const auto index : selection.gpus) {
    const auto& gpu = selection.inventory.gpus[index];
    auto change =
        direction == Direction::to_variant
            ? change_to_variant(selection.root, selection.inventory.host, gpu,
                                signature)
            : change_to_origin(selection.root, gpu, signature);
    if (!change) {
      return forward_error(change);
    }
    changes.push_back(std::move(*change));
  }
  return changes;
}

// A plan is shown whoever holds the GPU; it is not carried out.
Result<> check_none_held(const Selection& selection,
                         const std::vector<Change>& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    auto free =
        changes[i].plan.steps.empty()
            ? Result<>()
            : check_not_held(selection.root,
                             selection.inventory.gpus[selection.gpus[i]].pci);
    if (!free) {
      return free;
    }
  }
  return {};
}

Result<ExitCode> dry_run(Context& context, const Selection& selection,
                         Direction direction) {
  const auto changes =
      plan_changes(selection, direction, sign(selection.root, "--dry-run"));
  if (!changes) {
    return forward_error(changes);
  }
  std::vector<BindPlan> plans;
  for (const auto& change : *changes) {
    plans.push_back(change.plan);
  }
  print_plans(context, plans);
  return ExitCode::done;
}

TransactionReport carry_out(Context& context, const Arguments& arguments,
                            const Selection& selection, ModuleLoader& modules,
                            std::vector<Change> changes, Direction direction,
                            const Signature& signature) {
  KernelVfio vfio(selection.root);
  TransactionTools tools{selection.root, modules, {}, {}};
  if (direction == Direction::to_variant && !arguments.has("--no-validate")) {
    tools.prove = attestation(selection.root, vfio, waiting(context, ""));
  }
  if (context.progress) {
    tools.progress = [&](std::size_t left, std::size_t all) {
      context.err << fmt::format(
          "waiting for {} of {} GPUs: their drivers may "
          "take 30 s for the memory\n",
          left, all);
    };
  }
  return run_transaction(tools,
                         direction == Direction::to_variant ? "bind" : "unbind",
                         signature, std::move(changes));
}

Result<ExitCode> change_driver(Context& context, const Arguments& arguments,
                               Direction direction) {
  auto selection =
      select(context, arguments, kToJudge, Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  if (arguments.has("--dry-run")) {
    return dry_run(context, *selection, direction);
  }
  auto patient = be_patient(arguments, selection->root);
  if (!patient) {
    return forward_error(patient);
  }
  Modprobe modules(selection->root);
  const auto lock = begin_change(context, arguments, selection->root, modules);
  if (!lock) {
    return forward_error(lock);
  }
  // What was read before the lock may hold no more.
  auto again = reread(*selection);
  if (!again) {
    return forward_error(again);
  }
  const auto signature = sign(
      selection->root, direction == Direction::to_variant ? "bind" : "unbind");
  auto changes = plan_changes(*selection, direction, signature);
  if (!changes) {
    return forward_error(changes);
  }
  const auto free = check_none_held(*selection, *changes);
  if (!free) {
    return forward_error(free);
  }
  auto report = carry_out(context, arguments, *selection, modules,
                          std::move(*changes), direction, signature);
  const auto outcomes = read_outcomes(selection->root, std::move(report.gpus));
  print_outcomes(context, outcomes);
  return judge(context, report.failure, outcomes);
}

}  // namespace

Result<ExitCode> run_bind(Context& context, const Arguments& arguments) {
  return change_driver(context, arguments, Direction::to_variant);
}

Result<ExitCode> run_unbind(Context& context, const Arguments& arguments) {
  return change_driver(context, arguments, Direction::to_origin);
}

}  // namespace nvgpuctl::cli
