// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "cli/layout.hpp"
#include "cli/output_policy.hpp"
#include "cli/policy_input.hpp"
#include "cli/verbs.hpp"
#include "ops/policy_export.hpp"

namespace nvgpuctl::cli {
namespace {

// Then who uses a GPU tells what would be stopped for it.
bool may_stop_somebody(const Policy& policy) {
  return std::any_of(
      policy.rules.begin(), policy.rules.end(),
      [](const PolicyRule& rule) { return rule.quiesce.has_value(); });
}

// A policy may be that of many hosts, but nothing else tells of a rule that is
// meant for this one and names another model.
void note_idle_rules(Context& context, const Policy& policy,
                     const std::vector<Gpu>& gpus) {
  if (gpus.empty()) {
    return;
  }
  for (const auto* rule : rules_without_gpu(policy, gpus)) {
    print_prose(context.err, context.width, "note: ",
                fmt::format("{}: no GPU of this host is a {}", rule->place,
                            rule->model));
  }
}

// Runs `judge` on the states of the GPUs that a command line means.
template <class Judge>
Result<ExitCode> with_states(Context& context, const Arguments& arguments,
                             std::string_view verb, const Judge& judge) {
  const auto given = given_policy(arguments);
  if (!given) {
    return forward_error(given);
  }
  auto selection =
      select(context, arguments, kToJudge, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  const auto policy = policy_of(*given, selection->root);
  if (!policy) {
    return forward_error(policy);
  }
  print_no_gpu(context, *selection);
  if (may_stop_somebody(*policy)) {
    auto again = reread(*selection, kToShow);
    if (!again) {
      return forward_error(again);
    }
    print_use_problems(context, selection->inventory.host);
  }
  auto states = states_of(*selection, *policy, verb);
  if (!states) {
    return forward_error(states);
  }
  if (selection->every) {
    note_idle_rules(context, *policy, selection->inventory.gpus);
  }
  return judge(std::move(*states));
}

void print_states(Context& context, const std::vector<PolicyState>& states) {
  if (!wants_document(context)) {
    for (const auto& state : states) {
      print_policy_state(context, state);
    }
    return;
  }
  std::vector<Json> items;
  for (const auto& state : states) {
    items.push_back(policy_state_json(state));
  }
  print_list(context, "PolicyState", items);
}

// What diff shows: apply would change it, or cannot.
bool is_off(const PolicyState& state) {
  const auto verdict = verdict_of(state);
  return verdict == PolicyVerdict::differs || verdict == PolicyVerdict::absent;
}

bool is_degraded(const PolicyState& state) {
  return verdict_of(state) == PolicyVerdict::degraded;
}

ExitCode worst(const std::vector<PolicyState>& states) {
  if (std::ranges::any_of(states, is_off)) {
    return ExitCode::differs;
  }
  return std::ranges::any_of(states, is_degraded) ? ExitCode::degraded
                                                  : ExitCode::done;
}

}  // namespace

Result<ExitCode> run_diff(Context& context, const Arguments& arguments) {
  return with_states(
      context, arguments, "diff", [&](std::vector<PolicyState> states) {
        std::erase_if(states, std::not_fn(is_off));
        print_states(context, states);
        return states.empty() ? ExitCode::done : ExitCode::differs;
      });
}

Result<ExitCode> run_assert(Context& context, const Arguments& arguments) {
  return with_states(context, arguments, "assert",
                     [&](const std::vector<PolicyState>& states) {
                       print_states(context, states);
                       return worst(states);
                     });
}

Result<ExitCode> run_export(Context& context, const Arguments& arguments) {
  const auto selection =
      select(context, arguments, kToJudge, Operands::optional_gpus);
  if (!selection) {
    return forward_error(selection);
  }
  print_no_gpu(context, *selection);
  const auto exported =
      export_policy(selection->root, selection->inventory, selection->gpus);
  if (wants_document(context)) {
    print_document(context, "Policy", policy_json(exported.policy));
  } else {
    context.out << write_policy(exported.policy, exported.notes);
  }
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
