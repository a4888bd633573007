// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gpu_use.hpp"
#include "core/policy.hpp"

// The rules of a policy beside the GPUs of a host.

namespace nvgpuctl {

// Points into the policy that it was made from.
struct PolicyMatch {
  std::vector<const PolicyRule*> rules;   // of each GPU; null: none matches
  std::vector<const PolicyRule*> absent;  // name one GPU, which is not there
};

// Error `malformed` with the rule's place where a rule that names one GPU fits
// two, or where GPUs of one host are to have two layouts: a driver has one.
Result<PolicyMatch> match_policy(const Policy& policy,
                                 const std::vector<Gpu>& gpus);

// Error `malformed` with the rule's place for a model that is none of these.
// Those of `gpus` are the first to be suggested.
Result<> check_models(const Policy& policy,
                      const std::vector<std::string>& models,
                      const std::vector<Gpu>& gpus);

// Rules for a model that none of the GPUs is.
std::vector<const PolicyRule*> rules_without_gpu(const Policy& policy,
                                                 const std::vector<Gpu>& gpus);

// The rule for a GPU; one that wants nothing where none matches.
PolicyRule rule_for(const Policy& policy, const Gpu& gpu);

// Whether a GPU that comes is kept for the driver that a rule names; not for
// the one that it is to go back to.
bool keeps_at_boot(const PolicyRule& rule);

// The driver that a GPU is kept for when it comes and has none; "" where it is
// left to whoever comes first: nothing is wished, it cannot be bound, or
// another manager has it, from whom `apply` would not take it. Needs managers.
std::string kept_for(const HostSnapshot& host, const Gpu& gpu,
                     const PolicyRule& rule, OtherManagers managers);

// What a rule lets be done about those who use its GPU; nothing where it does
// not say.
std::optional<UseRules> use_rules(const PolicyRule& rule);

bool allows(const PolicyRule& rule, std::string_view domain);

}  // namespace nvgpuctl
