// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/policy_export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "ops/policy_state.hpp"

namespace nvgpuctl {
namespace {

// Whether its path can stand in a policy, and names it alone.
bool has_path_of_its_own(const Inventory& inventory, const Gpu& gpu) {
  return gpu.pci.acpi_path && can_name_gpus(*gpu.pci.acpi_path) &&
         std::count_if(inventory.gpus.begin(), inventory.gpus.end(),
                       [&](const Gpu& other) {
                         return other.pci.acpi_path == gpu.pci.acpi_path;
                       }) == 1;
}

PolicyRule rule_naming(const Inventory& inventory, const Gpu& gpu) {
  PolicyRule rule;
  rule.address = gpu.pci.address;
  if (has_path_of_its_own(inventory, gpu)) {
    rule.acpi_path = *gpu.pci.acpi_path;
  }
  return rule;
}

// A GPU of the host that is looked at.
struct Subject {
  const RootDir& root;
  const Inventory& inventory;
  const Signature& signature;
  std::size_t index;
};

bool is_fulfilled(const Subject& subject, const PolicyRule& rule) {
  Policy policy;
  policy.rules.push_back(rule);
  const auto states =
      compare_with_policy(subject.root, subject.inventory, {subject.index},
                          policy, subject.signature);
  return states && states->front().differences.empty();
}

// The first wish, from the one that says most, that the GPU fulfils. There need
// not be one: an override without its driver is no state to be wanted.
void choose_driver(const Subject& subject, PolicyRule& rule) {
  const Gpu& gpu = subject.inventory.gpus[subject.index];
  rule.driver_name = gpu.pci.driver.value_or("");
  for (const auto wish : {DriverWish::variant, DriverWish::named,
                          DriverWish::none, DriverWish::origin}) {
    rule.driver = wish;
    const bool nameless =
        wish == DriverWish::named && !is_driver_name(rule.driver_name);
    if (!nameless && is_fulfilled(subject, rule)) {
      break;
    }
    rule.driver = DriverWish::unsaid;
  }
  if (rule.driver != DriverWish::named) {
    rule.driver_name.clear();
  }
}

void choose_layout_of(const Inventory& inventory, PolicyRule& rule) {
  const auto& seen = inventory.host.modules.variant_layout;
  for (const auto layout : {Layout::split, Layout::single}) {
    if (rule.driver == DriverWish::variant && seen == to_string(layout)) {
      rule.layout = layout;
    }
  }
}

// What was stopped for it as it is, so that it would be again.
void choose_quiesce(const Subject& subject, PolicyRule& rule) {
  const auto origin = valid_origin(
      subject.root, subject.inventory.gpus[subject.index].pci.address,
      subject.signature);
  if (origin && !origin->quiet.empty()) {
    rule.quiesce = origin->quiet.units;
  }
}

}  // namespace

ExportedPolicy export_policy(const RootDir& root, const Inventory& inventory,
                             const std::vector<std::size_t>& gpus) {
  const auto signature = sign(root, "export");
  ExportedPolicy exported;
  for (const auto index : gpus) {
    const Gpu& gpu = inventory.gpus[index];
    auto rule = rule_naming(inventory, gpu);
    choose_driver({root, inventory, signature, index}, rule);
    choose_layout_of(inventory, rule);
    choose_quiesce({root, inventory, signature, index}, rule);
    exported.notes.push_back(fmt::format("{}: {}", gpu.model.name,
                                         to_string(driver_state(gpu.pci))));
    exported.policy.rules.push_back(std::move(rule));
  }
  return exported;
}

}  // namespace nvgpuctl
