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

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kVerb = "apply";

// The changes of one transaction.
using Changes = std::vector<Change>;

struct Job {
  Context& context;
  const Arguments& arguments;
  const Selection& selection;
  ModuleLoader& modules;
  Signature signature;
  OtherManagers managers = OtherManagers::refuse;
  std::vector<Outcome> outcomes{};
  ExitCode code = ExitCode::done;
};

// The first thing that went wrong gives the exit code.
void note_code(Job& job, ExitCode code) {
  job.code = job.code == ExitCode::done ? code : job.code;
}

void complain(Job& job, const Error& error) {
  print_error(job.context.err, error);
  note_code(job, exit_code(error.code));
}

// Nobody is stopped for a policy, and no other manager is overruled unless it
// says so: whoever uses the GPU is named.
Result<> check_free(const Gpu& gpu, OtherManagers managers) {
  const auto quiet = judge_use(gpu, {});
  if (!quiet) {
    return forward_error(quiet);
  }
  return managers == OtherManagers::refuse ? judge_managers(gpu) : Result<>();
}

Result<> check_none_held(const Job& job, const Changes& changes) {
  for (const auto& change : changes) {
    const auto* gpu = find_gpu(job.selection.inventory, change.plan.gpu);
    auto free = change.plan.steps.empty() || gpu == nullptr
                    ? Result<>()
                    : check_free(*gpu, job.managers);
    if (!free) {
      return free;
    }
  }
  return {};
}

// Only what came to its variant driver has something to prove.
Prove proof_of(const Job& job, VfioOpener& vfio, const Changes& changes) {
  std::vector<PciAddress> bound;
  for (const auto& change : changes) {
    const auto& to = change.plan.to;
    const auto* gpu = find_gpu(job.selection.inventory, change.plan.gpu);
    if (gpu != nullptr && (to == gpu->variant || to == kVariantDriver)) {
      bound.push_back(change.plan.gpu);
    }
  }
  auto attest = attestation(job.selection.root, vfio, waiting(job.context, ""));
  return [bound,
          attest](const PciAddress& gpu) -> Result<std::vector<CheckSection>> {
    return std::find(bound.begin(), bound.end(), gpu) == bound.end()
               ? std::vector<CheckSection>{}
               : attest(gpu);
  };
}

// One transaction.
void carry_out(Job& job, Changes changes) {
  const auto free = check_none_held(job, changes);
  if (!free) {
    complain(job, free.error());
    return;
  }
  KernelVfio vfio(job.selection.root);
  TransactionTools tools{job.selection.root, job.modules, {}, {}};
  tools.progress = waiting_for_gpus(job.context);
  if (!job.arguments.has("--no-validate")) {
    tools.prove = proof_of(job, vfio, changes);
  }
  auto report =
      run_transaction(tools, kVerb, job.signature, std::move(changes));
  auto outcomes = read_outcomes(job.selection.root, std::move(report.gpus));
  note_code(job, judge(job.context, report.failure, outcomes));
  std::move(outcomes.begin(), outcomes.end(), std::back_inserter(job.outcomes));
}

bool is_for_boot(const PolicyState& state) {
  return state.rule == nullptr || state.rule->at_boot;
}

// What is to be done, as far as it can be.
struct Work {
  Changes changes;
  std::vector<Error> obstacles;
  OtherManagers managers = OtherManagers::refuse;
};

Work work_of(const Arguments& arguments, std::vector<PolicyState> states) {
  Work work;
  for (auto& state : states) {
    if (arguments.has("--boot") && !is_for_boot(state)) {
      continue;
    }
    if (state.obstacle) {
      work.obstacles.push_back(std::move(*state.obstacle));
    } else if (state.change) {
      work.changes.push_back(std::move(*state.change));
    }
  }
  return work;
}

Result<Work> plan_work(const Arguments& arguments, const Selection& selection) {
  const auto policy = policy_of(arguments, selection.root);
  if (!policy) {
    return forward_error(policy);
  }
  auto states = states_of(selection, *policy, kVerb);
  if (!states) {
    return forward_error(states);
  }
  auto work = work_of(arguments, std::move(*states));
  work.managers = policy->other_managers;
  // A GPU that is gone keeps nobody from the others; one that cannot be changed
  // does, because the others may be of no use without it.
  const auto hard = std::find_if(
      work.obstacles.begin(), work.obstacles.end(),
      [](const Error& error) { return error.code != Errc::no_such_gpu; });
  if (!arguments.has("--boot") && hard != work.obstacles.end()) {
    return tl::unexpected<Error>(std::move(*hard));
  }
  return work;
}

Result<ExitCode> dry_run(Context& context, const Arguments& arguments,
                         const Selection& selection) {
  const auto work = plan_work(arguments, selection);
  if (!work) {
    return forward_error(work);
  }
  std::vector<BindPlan> plans;
  for (const auto& change : work->changes) {
    plans.push_back(change.plan);
    const auto* gpu = find_gpu(selection.inventory, change.plan.gpu);
    if (gpu != nullptr) {
      add_use_notes(*gpu, plans.back());
    }
  }
  print_plans(context, plans);
  auto code = ExitCode::done;
  for (const auto& obstacle : work->obstacles) {
    print_error(context.err, obstacle);
    code = exit_code(obstacle.code);
  }
  return code;
}

// At boot nobody waits for all or none: a GPU that fails must not take the
// others with it.
void carry_out_each(Job& job, Changes changes) {
  for (auto& change : changes) {
    Changes one;
    one.push_back(std::move(change));
    carry_out(job, std::move(one));
    if (job.code == ExitCode::needs_operator) {
      return;  // the journal is still in use
    }
  }
}

}  // namespace

Result<ExitCode> run_apply(Context& context, const Arguments& arguments) {
  auto selection =
      select(context, arguments, kToChange, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  if (arguments.has("--dry-run")) {
    return dry_run(context, arguments, *selection);
  }
  Modprobe modules(selection->root);
  const auto lock = begin_change(context, arguments, selection->root, modules);
  if (!lock) {
    return forward_error(lock);
  }
  auto again = reread(*selection, kToChange);
  if (!again) {
    return forward_error(again);
  }
  auto work = plan_work(arguments, *selection);
  if (!work) {
    return forward_error(work);
  }
  Job job{context,
          arguments,
          *selection,
          modules,
          sign(selection->root, kVerb),
          work->managers};
  for (const auto& obstacle : work->obstacles) {
    complain(job, obstacle);
  }
  if (arguments.has("--boot")) {
    carry_out_each(job, std::move(work->changes));
  } else {
    carry_out(job, std::move(work->changes));
  }
  print_outcomes(context, job.outcomes);
  return job.code;
}

}  // namespace nvgpuctl::cli
