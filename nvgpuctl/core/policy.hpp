// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

constexpr std::string_view kPolicyPath = "/etc/nvgpuctl/policy.yaml";

// What becomes of a GPU when the domain that used it has ended.
enum class OnRelease {
  automatic,  // restored when it was bound for the domain, else kept
  keep,       // stays bound
  restore,    // goes back to its origin
};

struct PolicyRule {
  // Which GPUs: of these exactly one is set, or `all`.
  bool all = false;
  std::optional<PciAddress> address;
  std::string acpi_path;
  std::string model;

  OnRelease on_release = OnRelease::automatic;
  // Names of the domains that may have it; nothing: any.
  std::optional<std::vector<std::string>> domains;
};

// Whether bind gives GPUs to a driver that other managers of this host claim,
// too.
enum class OtherManagers { refuse, take };

// What the operator wants for GPUs. The first rule that matches a GPU holds.
struct Policy {
  OtherManagers other_managers = OtherManagers::refuse;
  std::vector<PolicyRule> rules;
};

Result<Policy> parse_policy(std::string_view yaml, const std::string& name);

// The rule for a GPU; one that wants nothing where none matches.
PolicyRule rule_for(const Policy& policy, const Gpu& gpu);

bool allows(const PolicyRule& rule, std::string_view domain);

}  // namespace nvgpuctl
