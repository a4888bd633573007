// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "cli/select.hpp"
#include "core/policy.hpp"
#include "ops/policy_state.hpp"

// What the verbs of the policy share.

namespace nvgpuctl::cli {

// The policy of --file, "-" for standard input. It is read before the host: an
// archive is not unpacked, and a lock not held, while somebody types.
Result<std::optional<Policy>> given_policy(const Arguments& arguments);

// The same or, where none is given, the host's own, which then must be there.
Result<Policy> policy_of(const std::optional<Policy>& given,
                         const RootDir& root);

// The GPUs that a command line means beside their rules; where it means all,
// those that rules name and that are not there come last. `policy` must outlive
// the answer. Error also: `malformed` for a model that nobody knows.
Result<std::vector<PolicyState>> states_of(const Selection& selection,
                                           const Policy& policy,
                                           std::string_view verb);

}  // namespace nvgpuctl::cli
