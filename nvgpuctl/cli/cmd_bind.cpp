// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "cli/bind_outcome.hpp"
#include "cli/host_change.hpp"
#include "cli/select.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"
#include "core/policy_match.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl::cli {
namespace {

enum class Direction { to_variant, to_origin };

// What the operator allows of this change.
struct Permissions {
  std::optional<UseRules> use;  // nothing: nobody is asked
  Policy policy;
};

// What may be done about those who use a GPU: --quiesce also stops whom the
// policy names.
std::optional<UseRules> rules_for(const Permissions& may, const Gpu& gpu) {
  if (!may.use || !may.use->quiesce) {
    return may.use;
  }
  auto rules = quiesce_rules(rule_for(may.policy, gpu).quiesce);
  rules.force = may.use->force;
  return rules;
}

Result<Change> plan_change_of(const Selection& selection, const Gpu& gpu,
                              Direction direction, const Signature& signature,
                              const Permissions& may) {
  if (direction == Direction::to_origin) {
    return change_to_origin(selection.root, gpu, signature, may.use);
  }
  auto change = change_to_variant(selection.root, selection.inventory.host, gpu,
                                  signature, rules_for(may, gpu));
  if (change && may.use) {
    auto alone = judge_managers(gpu, change->plan, may.policy.other_managers);
    if (!alone) {
      return forward_error(alone);
    }
  }
  return change;
}

// Every GPU that is in use is named, not only the first.
Result<std::vector<Change>> plan_changes(const Selection& selection,
                                         Direction direction,
                                         const Signature& signature,
                                         const Permissions& may) {
  std::vector<Change> changes;
  std::optional<Error> busy;
  for (const auto index : selection.gpus) {
    auto change = plan_change_of(selection, selection.inventory.gpus[index],
                                 direction, signature, may);
    if (change) {
      changes.push_back(std::move(*change));
    } else if (change.error().code != Errc::busy) {
      return forward_error(change);
    } else if (!busy) {
      busy = change.error();
    } else {
      const auto& [code, subject, problem, hint] = change.error();
      busy->problem += fmt::format(". {}: {}", subject, problem);
      busy->hint += fmt::format(". {}: {}", subject, hint);
    }
  }
  if (busy) {
    return tl::unexpected<Error>(std::move(*busy));
  }
  return changes;
}

// The way back asks nothing of the policy: one that cannot be used is no reason
// to keep a GPU.
Result<Permissions> permissions(const RootDir& root, const Arguments& arguments,
                                Direction direction) {
  auto policy = direction == Direction::to_variant ? read_policy(root)
                                                   : Result<Policy>(Policy{});
  if (!policy) {
    return forward_error(policy);
  }
  return Permissions{UseRules{arguments.value("--force") == "in-use",
                              arguments.has("--quiesce")},
                     std::move(*policy)};
}

// A plan is shown whoever holds the GPU, unless it is to include stopping them.
Result<ExitCode> dry_run(Context& context, const Arguments& arguments,
                         const Selection& selection, Direction direction) {
  const auto sound = check_waits(arguments);
  if (!sound) {
    return forward_error(sound);
  }
  auto may = permissions(selection.root, arguments, direction);
  if (!may) {
    return forward_error(may);
  }
  if (!arguments.has("--quiesce")) {
    may->use.reset();
  }
  const auto changes = plan_changes(selection, direction,
                                    sign(selection.root, "--dry-run"), *may);
  if (!changes) {
    return forward_error(changes);
  }
  std::vector<BindPlan> plans;
  for (std::size_t i = 0; i < changes->size(); ++i) {
    plans.push_back((*changes)[i].plan);
    if (!may->use) {
      const auto& gpu = selection.inventory.gpus[selection.gpus[i]];
      add_use_notes(gpu, plans.back());
      if (direction == Direction::to_variant) {
        add_manager_note(gpu, plans.back(), may->policy.other_managers);
      }
    }
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
  tools.progress = waiting_for_gpus(context);
  return run_transaction(tools,
                         direction == Direction::to_variant ? "bind" : "unbind",
                         signature, std::move(changes));
}

Result<ExitCode> change_driver(Context& context, const Arguments& arguments,
                               Direction direction) {
  const bool only_shown = arguments.has("--dry-run");
  auto selection = select(context, arguments, only_shown ? kToChange : kToJudge,
                          Operands::required_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  if (only_shown) {
    return dry_run(context, arguments, *selection, direction);
  }
  Modprobe modules(selection->root);
  const auto lock = begin_change(context, arguments, selection->root, modules);
  if (!lock) {
    return forward_error(lock);
  }
  // What was read before the lock may hold no more.
  auto again = reread(*selection, kToChange);
  if (!again) {
    return forward_error(again);
  }
  print_use_problems(context, selection->inventory.host);
  const auto may = permissions(selection->root, arguments, direction);
  if (!may) {
    return forward_error(may);
  }
  const auto signature = sign(
      selection->root, direction == Direction::to_variant ? "bind" : "unbind");
  auto changes = plan_changes(*selection, direction, signature, *may);
  if (!changes) {
    return forward_error(changes);
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
