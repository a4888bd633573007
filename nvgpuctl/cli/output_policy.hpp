// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "cli/output.hpp"
#include "core/policy.hpp"
#include "ops/policy_state.hpp"

namespace nvgpuctl::cli {

enum class PolicyVerdict {
  same,      // as the policy wants it
  differs,   // apply would change it, or cannot
  degraded,  // bound as wanted, and does not work as it should
  absent,    // a rule names it, and it is not there
  unruled,   // no rule is about it
};
std::string_view to_string(PolicyVerdict verdict);
PolicyVerdict verdict_of(const PolicyState& state);

void print_policy_state(Context& context, const PolicyState& state);
Json policy_state_json(const PolicyState& state);
// The policy in the words of its file.
Json policy_json(const Policy& policy);

}  // namespace nvgpuctl::cli
