// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"
#include "core/region_plan.hpp"

namespace nvgpuctl {

constexpr std::string_view kPolicyPath = "/etc/nvgpuctl/policy.yaml";

// Which driver a GPU is to have.
enum class DriverWish {
  unsaid,   // nobody's business here
  variant,  // the best VFIO variant driver, as `bind` chooses it
  origin,   // what it was before it was bound: not bound by us
  none,     // no driver at all
  named,    // the one of a name
};

// What becomes of a GPU when the domain that used it has ended.
enum class OnRelease {
  automatic,  // restored when it was bound for the domain, else kept
  keep,       // stays bound
  restore,    // goes back to its origin
};

struct PolicyRule {
  std::string place;  // "policy.yaml:4:5", for messages
  // Which GPUs: of these exactly one is set, or `all`, or an address beside an
  // ACPI path. Then the path decides, because addresses move.
  bool all = false;
  std::optional<PciAddress> address;
  std::string acpi_path;
  std::string model;

  DriverWish driver = DriverWish::unsaid;
  std::string driver_name;  // of a named one
  // Of the variant driver, whenever it has the GPU; nothing: as it comes.
  std::optional<Layout> layout;
  bool at_boot = true;  // whether `apply --boot` does what `driver` says
  // Units that may be stopped for it, in this order; then its memory may go
  // offline, too. Nothing: neither.
  std::optional<std::vector<std::string>> quiesce;
  OnRelease on_release = OnRelease::automatic;
  // Names of the domains that may have it; nothing: any.
  std::optional<std::vector<std::string>> domains;
  std::optional<bool> managed;  // of its <hostdev>; nothing: either
  std::optional<unsigned>
      gi_nodes;  // of the guest; nothing: as the model needs
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

// The same as a file that parse_policy() reads as the same rules, but for
// their places. `notes` go in front of the rules as comments, one each.
std::string write_policy(const Policy& policy,
                         const std::vector<std::string>& notes);

// Whether parse_policy() takes it as an acpi-path or a model.
bool can_name_gpus(std::string_view text);

// "variant", "origin", "none", a name; "" for unsaid.
std::string driver_word(const PolicyRule& rule);

}  // namespace nvgpuctl
