// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_apply.hpp"

#include <algorithm>

#include "ops/driver_changes.hpp"

namespace nvgpuctl {
namespace {

using Changes = std::vector<Change>;

bool is_left_at_boot(const PolicyState& state) {
  return state.rule != nullptr && !state.rule->at_boot;
}

Result<> check_free(const Gpu& gpu, const BindPlan& plan,
                    OtherManagers managers) {
  auto free = judge_use(gpu, plan);
  return free ? judge_managers(gpu, plan, managers) : free;
}

Result<> check_none_held(const Inventory& inventory, OtherManagers managers,
                         const Changes& changes) {
  for (const auto& change : changes) {
    const auto* gpu = find_gpu(inventory, change.plan.gpu);
    auto free = change.plan.steps.empty() || gpu == nullptr
                    ? Result<>()
                    : check_free(*gpu, change.plan, managers);
    if (!free) {
      return free;
    }
  }
  return {};
}

// Only what came to its variant driver has something to prove.
Prove only_bound(const Inventory& inventory, const Changes& changes,
                 Prove attest) {
  std::vector<PciAddress> bound;
  for (const auto& change : changes) {
    const auto* gpu = find_gpu(inventory, change.plan.gpu);
    if (gpu != nullptr && is_to_variant(*gpu, change.plan)) {
      bound.push_back(change.plan.gpu);
    }
  }
  return [bound, attest = std::move(attest)](
             const PciAddress& gpu) -> Result<std::vector<CheckSection>> {
    return std::find(bound.begin(), bound.end(), gpu) == bound.end()
               ? std::vector<CheckSection>{}
               : attest(gpu);
  };
}

}  // namespace

PolicyWork work_of(std::vector<PolicyState> states, Moment moment) {
  PolicyWork work;
  for (auto& state : states) {
    if (moment == Moment::boot && is_left_at_boot(state)) {
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

Result<> check_obstacles(const PolicyWork& work) {
  const auto hard = std::find_if(
      work.obstacles.begin(), work.obstacles.end(),
      [](const Error& error) { return error.code != Errc::no_such_gpu; });
  return hard == work.obstacles.end() ? Result<>()
                                      : Result<>(tl::unexpected<Error>(*hard));
}

Result<TransactionReport> apply_changes(TransactionTools tools,
                                        const Inventory& inventory,
                                        OtherManagers managers,
                                        const Signature& signature,
                                        std::vector<Change> changes) {
  const auto free = check_none_held(inventory, managers, changes);
  if (!free) {
    return forward_error(free);
  }
  if (tools.prove) {
    tools.prove = only_bound(inventory, changes, std::move(tools.prove));
  }
  return run_transaction(tools, "apply", signature, std::move(changes));
}

}  // namespace nvgpuctl
