// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "host/pci_functions.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/hook_session.hpp"

namespace nvgpuctl {
namespace {

using Sources = std::vector<PciAddress>;

std::vector<const Gpu*> ours(const Inventory& inventory,
                             const Sources& sources) {
  std::vector<const Gpu*> gpus;
  for (const auto& gpu : inventory.gpus) {
    if (std::find(sources.begin(), sources.end(), gpu.pci.address) !=
        sources.end()) {
      gpus.push_back(&gpu);
    }
  }
  return gpus;
}

// The host cannot be read, most likely because a file in devices.d is wrong.
// That must not keep a domain from starting that has none of our GPUs.
Result<> judge_unreadable(const HookTools& tools, const Sources& sources,
                          const Error& error) {
  const auto table = DeviceTable::shipped();
  for (const auto& source : sources) {
    const auto function = read_pci_identity(tools.root, source);
    if (function && function->vendor == 0x10DE &&
        table.find(function->device)) {
      return refuse("NVG-E077", error.code, error.subject, error.problem);
    }
  }
  warn(tools, error.subject + ": " + error.problem);
  return {};
}

Result<> check_may_have(const HookTools& tools, const Policy& policy,
                        const Gpu& gpu, const std::string& domain,
                        const Signature& signature) {
  const std::string subject = to_string(gpu.pci.address);
  const auto rule = rule_for(policy, gpu);
  if (!allows(rule, domain)) {
    return refuse("NVG-E070", Errc::not_viable, subject,
                  fmt::format("'{}' is not among its domains", domain));
  }
  const auto origin = valid_origin(tools.root, gpu.pci.address, signature);
  if (origin && origin->domain && *origin->domain != domain) {
    return refuse("NVG-E071", Errc::busy, subject,
                  fmt::format("'{}' has had it since {}", *origin->domain,
                              origin->signature.when));
  }
  // Where somebody may be stopped for it, the plan of its change asks who.
  const bool asked_later =
      rule.quiesce && gpu.driver_role != DriverRole::variant;
  const auto free =
      asked_later ? Result<>() : check_not_held(tools.root, gpu.pci);
  if (!free) {
    return refuse("NVG-E072", Errc::busy, subject, free.error().problem);
  }
  return {};
}

// The record says from now on whose the GPU is. One that is bound already and
// has no record gets one, which tells of the state that it is in.
void claim(Change& change, const std::string& domain,
           const Signature& signature) {
  auto& origin = change.record.after.origin;
  if (!origin) {
    origin = OriginRecord{
        change.record.gpu, change.record.before.state, signature, {}, false};
  }
  origin->domain = domain;
  origin->signature.when = signature.when;
  origin->bound_for_domain =
      origin->bound_for_domain || !change.plan.steps.empty();
  if (change.record.before.origin &&
      change.record.before.origin->domain == domain &&
      change.plan.steps.empty()) {
    origin = change.record.before.origin;  // prepared before
  }
}

// A GPU that is bound, with whoever opened it before it could be proven.
Result<> check_proven(const TransactionReport& report) {
  for (const auto& one : report.gpus) {
    if (!one.problem.empty()) {
      return refuse("NVG-E072", Errc::busy, to_string(one.plan.gpu),
                    one.problem);
    }
  }
  return {};
}

// Who has the GPU and is not to be stopped for it has a reason of its own.
tl::unexpected<Error> because_of_use(const Error& error) {
  const auto& [code, subject, problem, hint] = error;
  return code == Errc::busy
             ? refuse("NVG-E072", code, subject, problem + "; " + hint)
             : tl::unexpected<Error>(error);
}

Result<> prepare_locked(const HookTools& tools, const std::string& domain,
                        const Sources& sources) {
  const auto inventory = take_inventory(
      tools.root, {.virtualization = true, .use = true, .untagged = true});
  if (!inventory) {
    return judge_unreadable(tools, sources, inventory.error());
  }
  const auto policy = usable_policy(tools.root, inventory->gpus);
  if (!policy) {
    return forward_error(policy);
  }
  const auto signature = sign(tools.root, "hook qemu");
  std::vector<Change> changes;
  for (const auto* gpu : ours(*inventory, sources)) {
    auto may = check_may_have(tools, *policy, *gpu, domain, signature);
    if (!may) {
      return may;
    }
    auto change =
        change_to_variant(tools.root, inventory->host, *gpu, signature,
                          use_rules(rule_for(*policy, *gpu)));
    if (!change) {
      return because_of_use(change.error());
    }
    choose_layout(*change, inventory->host.modules,
                  rule_for(*policy, *gpu).layout);
    claim(*change, domain, signature);
    changes.push_back(std::move(*change));
  }
  const auto report =
      run_transaction({tools.root,
                       tools.modules,
                       attestation(tools.root, tools.vfio, tools.attest),
                       {},
                       Strictness::domain},
                      "prepare", signature, std::move(changes));
  auto outcome = outcome_of(report);
  return outcome ? check_proven(report) : outcome;
}

}  // namespace

Result<> prepare_domain(const HookTools& tools, const std::string& domain,
                        const Sources& sources) {
  // Without the lock at first: a domain without GPUs of ours waits for nobody.
  const auto inventory = take_inventory(tools.root, {.untagged = true});
  if (!inventory) {
    return judge_unreadable(tools, sources, inventory.error());
  }
  if (ours(*inventory, sources).empty()) {
    return {};
  }
  const auto session = begin_session(tools);
  return session ? prepare_locked(tools, domain, sources)
                 : Result<>(forward_error(session));
}

}  // namespace nvgpuctl
