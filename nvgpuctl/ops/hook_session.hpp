// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "core/policy_match.hpp"
#include "host/host_lock.hpp"
#include "ops/hook.hpp"
#include "ops/inventory.hpp"
#include "ops/refusal.hpp"
#include "ops/transaction.hpp"

namespace nvgpuctl {

// What both halves of the hook begin with and share.

// The lock, and a host on which no earlier change is left.
Result<HostLock> begin_session(const HookTools& tools);

// The host's policy, with the reason for one that cannot be used, also by
// these GPUs.
Result<Policy> usable_policy(const RootDir& root, const std::vector<Gpu>& gpus);

void warn(const HookTools& tools, std::string_view text);

// The transaction's failure with the reason that fits it.
Result<> outcome_of(const TransactionReport& report);

}  // namespace nvgpuctl
