// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/read_boot.hpp"

#include <algorithm>

#include "core/policy_match.hpp"
#include "host/boot_files.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl {
namespace {

bool counts_at_boot(const PolicyRule& rule) {
  return rule.driver != DriverWish::unsaid && rule.at_boot;
}

}  // namespace

BootFacts read_boot(const RootDir& root, const Inventory& inventory) {
  const auto& kernel = inventory.host.kernel;
  auto facts = read_boot_files(root, kernel.release, kernel.command_line);
  const auto policy = read_policy(root);
  const auto known =
      policy ? check_models(*policy, inventory.models, inventory.gpus)
             : Result<>(forward_error(policy));
  const auto match = known ? match_policy(*policy, inventory.gpus)
                           : Result<PolicyMatch>(forward_error(known));
  if (!match) {
    facts.policy_problem = match.error().subject + ": " + match.error().problem;
    return facts;
  }
  facts.driver_rules = static_cast<std::size_t>(std::count_if(
      policy->rules.begin(), policy->rules.end(), counts_at_boot));
  for (std::size_t i = 0; i < inventory.gpus.size(); ++i) {
    const auto* rule = match->rules[i];
    const auto& gpu = inventory.gpus[i];
    if (rule == nullptr || !keeps_at_boot(*rule)) {
      continue;
    }
    const bool kept =
        !kept_for(inventory.host, gpu, *rule, policy->other_managers).empty();
    (kept ? facts.kept : facts.left).push_back(gpu.pci.address);
  }
  return facts;
}

}  // namespace nvgpuctl
