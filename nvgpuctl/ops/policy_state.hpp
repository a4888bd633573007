// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
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
