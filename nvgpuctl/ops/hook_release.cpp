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
  return Change{{gpu, "", "", restore_steps(without_memory(origin.quiet)), {}},
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

// From here on the GPU is nobody's, whatever becomes of it: what cannot go back
// now must not look as if a domain had it. Where even that cannot be written
// down, it stays the domain's.
void disown(const HookTools& tools, OriginRecord& origin) {
  origin.domain.reset();
  const auto stored = store_origin(tools.root, origin);
  if (!stored) {
    warn(tools, stored.error().subject + ": " + stored.error().problem);
  }
}

// Together, so that services start behind the last GPU that they need. Where
// one GPU keeps the others from going back, each goes by itself.
Result<> give_back(const HookTools& tools, const Signature& signature,
                   const std::vector<Change>& changes) {
  const TransactionTools way{tools.root, tools.modules, {}, {}};
  auto together =
      outcome_of(run_transaction(way, "release", signature, changes));
  if (together || changes.size() < 2) {
    return together;
  }
  Result<> first_problem;
  for (const Change& change : changes) {
    auto alone =
        tools.root.exists(stuck_journal_path(change.plan.gpu))
            ? together
            : outcome_of(run_transaction(way, "release", signature, {change}));
    if (!alone && first_problem) {
      first_problem = std::move(alone);
    }
  }
  return first_problem;
}

void warn_of_left(const HookTools& tools, const PciAddress& gpu) {
  const auto origin = read_origin(tools.root, gpu);
  if (origin && *origin && (*origin)->bound_for_domain) {
    warn(tools, fmt::format("{0}: was not given back; when nobody has it open, "
                            "run: nvgpuctl unbind {0}",
                            to_string(gpu)));
  }
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
  std::vector<PciAddress> released;
  Result<> first_problem;
  for (const auto& address : list_origins(tools.root)) {
    auto origin = valid_origin(tools.root, address, signature);
    if (!origin || origin->domain != domain) {
      continue;
    }
    disown(tools, *origin);
    released.push_back(address);
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
  auto outcome = give_back(tools, signature, changes);
  if (outcome) {
    // Behind the others: what was stopped for both needs them, too.
    outcome = give_back(tools, signature, forgotten);
  }
  for (const auto& gpu : released) {
    warn_of_left(tools, gpu);
  }
  return outcome ? first_problem : outcome;
}

}  // namespace nvgpuctl
