// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/hook_session.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;

// The domain has ended, but its process may still be on the way out.
Result<> wait_until_free(const HookTools& tools, const PciFunction& function) {
  constexpr milliseconds kPause{100};
  milliseconds left = tools.held_wait;
  auto free = check_not_held(tools.root, function);
  while (!free && left > milliseconds(0) && tools.attest.pause) {
    tools.attest.pause(kPause);
    left -= kPause;
    free = check_not_held(tools.root, function);
  }
  if (!free) {
    return refuse("NVG-E072", Errc::busy, free.error().subject,
                  free.error().problem);
  }
  return {};
}

// A GPU that is to be bound anyway stays so, unless the rule says otherwise.
bool is_to_go_back(const PolicyRule& rule, const OriginRecord& origin) {
  return rule.on_release == OnRelease::restore ||
         (rule.on_release == OnRelease::automatic && origin.bound_for_domain &&
          rule.driver != DriverWish::variant);
}

// The GPU stays as it is, and is nobody's. A record that tells of no other
// state has nothing more to say.
Change give_up_claim(const Gpu& gpu, const OriginRecord& origin) {
  const auto now = driver_state(gpu.pci);
  Change change{{gpu.pci.address, now.driver, now.driver, {}, {}},
                {gpu.pci.address, {now, false, origin}, {now, false, {}}}};
  if (origin.state.driver != now.driver) {
    auto& left = change.record.after.origin.emplace(origin);
    left.domain.reset();
    left.bound_for_domain = false;
  }
  return change;
}

// Where a GPU has gone there is nothing to give back; who was stopped for it
// runs again.
Result<Change> forget(const RootDir& root, const PciAddress& gpu,
                      const OriginRecord& origin) {
  if (root.exists(sysfs_path(gpu, "vendor"))) {
    return fail(Errc::not_found, to_string(gpu), "cannot be read");
  }
  return Change{{gpu, "", "", restore_steps(origin.quiet), {}},
                {gpu, {{}, false, origin}, {{}, false, {}}}};
}

Result<Change> release_of(const HookTools& tools, const Policy& policy,
                          const Gpu& gpu, const OriginRecord& origin,
                          const Signature& signature) {
  if (!is_to_go_back(rule_for(policy, gpu), origin)) {
    return give_up_claim(gpu, origin);
  }
  auto change = change_to_origin(tools.root, gpu, signature);
  if (change && !change->plan.steps.empty()) {
    auto free = wait_until_free(tools, gpu.pci);
    if (!free) {
      return forward_error(free);
    }
  }
  return change;
}

// A policy that cannot be used is no reason to keep a GPU.
Policy policy_or_none(const HookTools& tools, const std::vector<Gpu>& gpus) {
  auto policy = usable_policy(tools.root, gpus);
  if (!policy) {
    warn(tools, policy.error().subject + ": " + policy.error().problem);
    return {};
  }
  return std::move(*policy);
}

}  // namespace

Result<> release_domain(const HookTools& tools, const std::string& domain) {
  const auto session = begin_session(tools);
  if (!session) {
    return forward_error(session);
  }
  const auto inventory =
      take_inventory(tools.root, {.virtualization = true, .untagged = true});
  if (!inventory) {
    return forward_error(inventory);
  }
  const auto policy = policy_or_none(tools, inventory->gpus);
  const auto signature = sign(tools.root, "hook qemu");
  std::vector<Change> changes;
  std::vector<Change> forgotten;
  Result<> first_problem;
  for (const auto& address : list_origins(tools.root)) {
    const auto origin = valid_origin(tools.root, address, signature);
    if (!origin || origin->domain != domain) {
      continue;
    }
    const auto* gpu = find_gpu(*inventory, address);
    auto change = gpu == nullptr
                      ? forget(tools.root, address, *origin)
                      : release_of(tools, policy, *gpu, *origin, signature);
    if (change) {
      (gpu == nullptr ? forgotten : changes).push_back(std::move(*change));
    } else if (first_problem) {
      first_problem = forward_error(change);
    }
  }
  const TransactionTools way{tools.root, tools.modules, {}, {}};
  auto outcome = outcome_of(
      run_transaction(way, "release", signature, std::move(changes)));
  if (outcome) {
    // Behind the others: what was stopped for both needs them, too.
    outcome = outcome_of(
        run_transaction(way, "release", signature, std::move(forgotten)));
  }
  return outcome ? first_problem : outcome;
}

}  // namespace nvgpuctl
