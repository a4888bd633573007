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

// The GPUs that a command line means beside their rules; where it means all,
// those that rules name and that are not there come last. `policy` must outlive
// the answer. Error also: `malformed` for a model that nobody knows.
Result<std::vector<PolicyState>> states_of(const Selection& selection,
                                           const Policy& policy,
                                           std::string_view verb);

}  // namespace nvgpuctl::cli
