// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "cli/bind_outcome.hpp"
#include "cli/host_change.hpp"
#include "cli/main_cli.hpp"
#include "cli/policy_input.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/policy_apply.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kVerb = "apply";

struct Job {
  Context& context;
  const Arguments& arguments;
  Selection& selection;
  const Policy& policy;
  ModuleLoader& modules;
  Signature signature;
  std::vector<Outcome> outcomes{};
  ExitCode code = ExitCode::done;
};

// The first thing that went wrong gives the exit code; one that needs the
// operator is never hidden by it.
void note_code(Job& job, ExitCode code) {
  if (job.code == ExitCode::done || code == ExitCode::needs_operator) {
    job.code = code;
  }
}

void complain(Job& job, const Error& error) {
  print_error(job.context.err, error);
  note_code(job, exit_code(error.code));
}

// One transaction.
void carry_out(Job& job, std::vector<Change> changes) {
  KernelVfio vfio(job.selection.root);
  TransactionTools tools{job.selection.root, job.modules, {}, {}};
  tools.progress = waiting_for_gpus(job.context);
  if (!job.arguments.has("--no-validate")) {
    tools.prove =
        attestation(job.selection.root, vfio, waiting(job.context, ""));
  }
  auto report =
      apply_changes(tools, job.selection.inventory, job.policy.other_managers,
                    job.signature, std::move(changes));
  if (!report) {
    complain(job, report.error());
    return;
  }
  auto outcomes = read_outcomes(job.selection.root, std::move(report->gpus));
  note_code(job, judge(job.context, report->failure, outcomes));
  std::move(outcomes.begin(), outcomes.end(), std::back_inserter(job.outcomes));
}

// What the policy asks for; with `only`, for that one of the GPUs.
Result<PolicyWork> plan_work(const Arguments& arguments, const Policy& policy,
                             const Selection& selection,
                             const std::optional<PciAddress>& only = {}) {
  auto states = states_of(selection, policy, kVerb);
  if (!states) {
    return forward_error(states);
  }
  std::erase_if(*states, [&](const PolicyState& state) {
    return only && (state.gpu == nullptr || state.gpu->pci.address != *only);
  });
  const bool boot = arguments.has("--boot");
  auto work = work_of(std::move(*states), boot ? Moment::boot : Moment::any);
  const auto possible = boot ? Result<>() : check_obstacles(work);
  if (!possible) {
    return forward_error(possible);
  }
  return work;
}

Result<ExitCode> dry_run(Context& context, const Arguments& arguments,
                         const Selection& selection,
                         const std::optional<Policy>& given) {
  const auto sound = check_waits(arguments);
  if (!sound) {
    return forward_error(sound);
  }
  const auto policy = policy_of(given, selection.root);
  if (!policy) {
    return forward_error(policy);
  }
  const auto work = plan_work(arguments, *policy, selection);
  if (!work) {
    return forward_error(work);
  }
  std::vector<BindPlan> plans;
  for (const auto& change : work->changes) {
    plans.push_back(change.plan);
    const auto* gpu = find_gpu(selection.inventory, change.plan.gpu);
    if (gpu != nullptr && !judge_use(*gpu, change.plan)) {
      add_use_notes(*gpu, plans.back());
    }
    if (gpu != nullptr) {
      add_manager_note(*gpu, plans.back(), policy->other_managers);
    }
  }
  print_plans(context, plans);
  auto code = ExitCode::done;
  for (const auto& obstacle : work->obstacles) {
    print_error(context.err, obstacle);
    code = code == ExitCode::done ? exit_code(obstacle.code) : code;
  }
  return code;
}

// Reads the host again, and says which of the GPUs have gone.
Result<> look_again(Job& job) {
  const auto gone = reread_those_left(job.selection, kToChange);
  if (!gone) {
    return forward_error(gone);
  }
  for (const auto& gpu : *gone) {
    complain(job,
             {Errc::no_such_gpu, to_string(gpu), "is not there any more", ""});
  }
  return {};
}

// What is to be done to one GPU; nothing when it has gone. The changes of
// others take minutes, in which somebody may have opened it.
Result<std::vector<Change>> plan_again(Job& job, const PciAddress& gpu) {
  const auto again = look_again(job);
  auto work = again ? plan_work(job.arguments, job.policy, job.selection, gpu)
                    : Result<PolicyWork>(forward_error(again));
  if (!work) {
    return forward_error(work);
  }
  auto& [changes, obstacles] = *work;
  return obstacles.empty() ? Result<std::vector<Change>>(std::move(changes))
                           : tl::unexpected<Error>(obstacles.front());
}

// At boot nobody waits for all or none: a GPU that fails must not take the
// others with it.
void carry_out_each(Job& job, const std::vector<Change>& changes) {
  for (const auto& planned : changes) {
    const bool is_fresh = &planned == &changes.front();
    auto change = is_fresh ? Result<std::vector<Change>>({planned})
                           : plan_again(job, planned.plan.gpu);
    if (!change) {
      complain(job, change.error());
      continue;
    }
    carry_out(job, std::move(*change));
    if (job.selection.root.exists(kJournalPath)) {
      return;  // `recover` needs it
    }
  }
}

}  // namespace

Result<ExitCode> run_apply(Context& context, const Arguments& arguments) {
  const auto given = given_policy(arguments);
  if (!given) {
    return forward_error(given);
  }
  auto selection =
      select(context, arguments, kToChange, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  if (arguments.has("--dry-run")) {
    return dry_run(context, arguments, *selection, *given);
  }
  Modprobe modules(selection->root);
  const auto lock = begin_change(context, arguments, selection->root, modules);
  if (!lock) {
    return forward_error(lock);
  }
  const auto policy = policy_of(*given, selection->root);
  if (!policy) {
    return forward_error(policy);
  }
  Job job{context, arguments, *selection,
          *policy, modules,   sign(selection->root, kVerb)};
  const auto again = look_again(job);
  if (!again) {
    return forward_error(again);
  }
  auto work = plan_work(arguments, *policy, *selection);
  if (!work) {
    return forward_error(work);
  }
  for (const auto& obstacle : work->obstacles) {
    complain(job, obstacle);
  }
  if (arguments.has("--boot")) {
    carry_out_each(job, work->changes);
  } else {
    carry_out(job, std::move(work->changes));
  }
  print_outcomes(context, job.outcomes);
  return job.code;
}

}  // namespace nvgpuctl::cli
