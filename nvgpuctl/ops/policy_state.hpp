// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/policy_match.hpp"
#include "ops/inventory.hpp"
#include "ops/transaction.hpp"

// How far a host is from its policy, and what would bring it there.

namespace nvgpuctl {

struct PolicyDifference {
  std::string what;  // "driver", "driver_override", "layout", "gpu"
  std::string wanted;
  std::string seen;

  friend bool operator==(const PolicyDifference&,
                         const PolicyDifference&) = default;
};

// One GPU, or one that a rule names and that is not there. Points into the
// policy and the inventory that it was made from.
struct PolicyState {
  const Gpu* gpu = nullptr;
  const PolicyRule* rule = nullptr;  // null: no rule is about this GPU
  std::vector<PolicyDifference> differences;
  std::optional<Change> change;   // nothing: the rule asks for no driver
  std::optional<Error> obstacle;  // why a difference cannot be ended
  std::vector<std::string> notes;
};

enum class PolicyVerdict {
  same,      // as the policy wants it
  differs,   // apply would change it, or cannot
  degraded,  // bound as wanted, and does not work as it should
  absent,    // a rule names it, and it is not there
  unruled,   // no rule is about it
};
std::string_view to_string(PolicyVerdict verdict);
PolicyVerdict verdict_of(const PolicyState& state);

// Whether its rule wants a GPU that a domain can be started with, or the kernel
// holds it so that nobody can say what it is.
bool is_to_work(const PolicyState& state);

// Of GPUs, given as indices into the inventory's. Error: a rule that is
// ambiguous.
Result<std::vector<PolicyState>> compare_with_policy(
    const RootDir& root, const Inventory& inventory,
    const std::vector<std::size_t>& gpus, const Policy& policy,
    const Signature& signature);

// Of GPUs that a rule names and wants a driver for, and that are not there.
Result<std::vector<PolicyState>> absent_states(const Policy& policy,
                                               const std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
