// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "cli/command.hpp"
#include "cli/select.hpp"
#include "core/policy.hpp"
#include "ops/policy_state.hpp"

// What the verbs of the policy share.

namespace nvgpuctl::cli {

// The policy that a command line means: --file, "-" for standard input, or the
// host's own, which then must be there.
Result<Policy> policy_of(const Arguments& arguments, const RootDir& root);

// The GPUs that a command line means beside their rules. `policy` must outlive
// the answer.
Result<std::vector<PolicyState>> states_of(const Selection& selection,
                                           const Policy& policy,
                                           std::string_view verb);

}  // namespace nvgpuctl::cli
