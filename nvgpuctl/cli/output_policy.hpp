// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "cli/output.hpp"
#include "core/policy.hpp"
#include "ops/policy_state.hpp"

namespace nvgpuctl::cli {

void print_policy_state(Context& context, const PolicyState& state);
Json policy_state_json(const PolicyState& state);
// The policy in the words of its file.
Json policy_json(const Policy& policy);

}  // namespace nvgpuctl::cli
