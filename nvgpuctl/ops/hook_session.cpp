// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/hook_session.hpp"

#include <algorithm>

#include "ops/policy_file.hpp"
#include "ops/recovery.hpp"

namespace nvgpuctl {

Result<HostLock> begin_session(const HookTools& tools) {
  auto lock = HostLock::take(tools.root, tools.lock_wait);
  if (!lock) {
    const auto& error = lock.error();
    return error.code == Errc::locked
               ? refuse("NVG-E076", error.code, error.subject, error.problem)
               : forward_error(lock);
  }
  const auto recovery = recover(tools.root, tools.modules);
  for (const auto& line : recovery.lines) {
    warn(tools, "recovered: " + line);
  }
  if (recovery.failure) {
    return refuse("NVG-E075", recovery.failure->code, recovery.failure->subject,
                  recovery.failure->problem);
  }
  return lock;
}

Result<Policy> usable_policy(const RootDir& root,
                             const std::vector<Gpu>& gpus) {
  auto policy = read_policy(root);
  const auto match =
      policy ? match_policy(*policy, gpus)
             : Result<PolicyMatch>(tl::unexpected<Error>(policy.error()));
  if (!match) {
    const auto& error = match.error();
    return refuse("NVG-E077", error.code, error.subject, error.problem);
  }
  return policy;
}

void warn(const HookTools& tools, std::string_view text) {
  if (tools.warn) {
    tools.warn(text);
  }
}

Result<> outcome_of(const TransactionReport& report) {
  if (!report.failure) {
    return {};
  }
  const auto& [code, subject, problem, hint] = *report.failure;
  if (code == Errc::needs_operator) {
    return refuse("NVG-E075", code, subject, problem);
  }
  const bool unproven = std::any_of(
      report.gpus.begin(), report.gpus.end(), [](const ChangeReport& one) {
        return !one.proof.empty() && overall(one.proof) != Verdict::pass;
      });
  return refuse(unproven ? "NVG-E074" : "NVG-E073", code, subject, problem);
}

}  // namespace nvgpuctl
