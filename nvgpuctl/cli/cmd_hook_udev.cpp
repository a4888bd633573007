// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/verbs.hpp"
#include "core/bind_plan.hpp"
#include "core/gpu_use.hpp"
#include "core/policy_match.hpp"
#include "ops/inventory.hpp"
#include "ops/policy_file.hpp"

namespace nvgpuctl::cli {
namespace {

// "" where the GPU is not to be kept for anybody. One that cannot be bound is
// left to whoever can use it, and one that `apply` would not take from another
// manager to that.
std::string pin_of(const HostSnapshot& host, const Gpu& gpu,
                   const PolicyRule& rule, OtherManagers managers) {
  if (!keeps_at_boot(rule) || gpu.pci.driver || gpu.pci.driver_override) {
    return "";
  }
  if (rule.driver != DriverWish::variant) {
    return driver_word(rule);
  }
  const auto plan = plan_bind(host, gpu);
  return plan && judge_managers(gpu, *plan, managers) ? plan->to : "";
}

}  // namespace

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
  const auto inventory = take_inventory(*root, {.managers = true});
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
  const auto pin = pin_of(inventory->host, *gpu, rule_for(*policy, *gpu),
                          policy->other_managers);
  context.out << pin << (pin.empty() ? "" : "\n");
  return ExitCode::done;
}

}  // namespace nvgpuctl::cli
