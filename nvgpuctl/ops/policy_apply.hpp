// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "ops/policy_state.hpp"

// From the differences between a host and its policy to a transaction.

namespace nvgpuctl {

// What is to be done, as far as it can be.
struct PolicyWork {
  std::vector<Change> changes;
  std::vector<Error>
      obstacles;  // why others of its differences cannot be ended
};

// At boot GPUs whose rule says `at-boot: leave` are left alone.
enum class Moment { any, boot };
PolicyWork work_of(std::vector<PolicyState> states, Moment moment);

// The first obstacle that keeps all GPUs where they are. One that is gone keeps
// nobody from the others; one that cannot be changed does, because the others
// may be of no use without it.
Result<> check_obstacles(const PolicyWork& work);

// Carries changes out as one transaction, where whoever uses a GPU is stopped
// by its plan and no other manager claims one, unless the policy says so: else
// the error names who it is, and nothing is changed. `tools.prove` is asked
// about those GPUs only that come to their variant driver.
Result<TransactionReport> apply_changes(TransactionTools tools,
                                        const Inventory& inventory,
                                        OtherManagers managers,
                                        const Signature& signature,
                                        std::vector<Change> changes);

}  // namespace nvgpuctl
