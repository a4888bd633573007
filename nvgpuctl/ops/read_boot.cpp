// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/read_boot.hpp"

#include <algorithm>

#include "host/boot_files.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl {

BootFacts read_boot(const RootDir& root, const HostSnapshot& host) {
  auto facts =
      read_boot_files(root, host.kernel.release, host.kernel.command_line);
  const auto policy = read_policy(root);
  if (!policy) {
    facts.policy_problem =
        policy.error().subject + ": " + policy.error().problem;
    return facts;
  }
  facts.driver_rules = static_cast<std::size_t>(std::count_if(
      policy->rules.begin(), policy->rules.end(), [](const PolicyRule& rule) {
        return rule.driver != DriverWish::unsaid && rule.at_boot;
      }));
  return facts;
}

}  // namespace nvgpuctl
