// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/verbs.hpp"
#include "core/bind_plan.hpp"
#include "core/gpu_use.hpp"
#include "core/policy_match.hpp"
#include "ops/inventory.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl::cli {
Result<ExitCode> run_hook_udev(Context& context, const Arguments& arguments) {
  const auto address = arguments.operands.size() == 1
                           ? parse_pci_address(arguments.operands.front())
                           : std::nullopt;
  if (!address) {
    return fail(Errc::usage, "hook udev", "takes the address of one GPU");
  }
  const auto root = RootDir::open(context.root);
  if (!root) {
    return forward_error(root);
  }
  const auto policy = read_policy(*root);
  if (!policy) {
    return forward_error(policy);
  }
  const auto inventory =
      take_inventory(*root, {.managers = true, .untagged = true});
  if (!inventory) {
    return forward_error(inventory);
  }
  const auto match = match_policy(*policy, inventory->gpus);
  if (!match) {
    return forward_error(match);
  }
  const auto* gpu = find_gpu(*inventory, *address);
  if (gpu == nullptr) {
    return ExitCode::done;
  }
  if (gpu->pci.driver || gpu->pci.driver_override) {
    return ExitCode::done;
  }
  const auto driver = kept_for(inventory->host, *gpu, rule_for(*policy, *gpu),
                               policy->other_managers);
  context.out << driver << (driver.empty() ? "" : "\n");
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
