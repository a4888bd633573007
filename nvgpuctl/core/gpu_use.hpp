// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"
#include "core/policy.hpp"
#include "core/quiet.hpp"

namespace nvgpuctl {

// What an operator allows to be done about those who use a GPU.
struct UseRules {
  bool force = false;    // change it under processes, never under a guest
  bool quiesce = false;  // stop these units, take memory offline
  std::vector<std::string> units = {};  // in the order to stop them in
};

// What --quiesce allows: the units that a rule of the policy names, which may
// be none, and NVIDIA's own.
UseRules quiesce_rules(const std::optional<std::vector<std::string>>& named);

// May the GPU's driver be changed now? What is to be stopped for it, which is
// nothing where nobody uses it. Error `busy` names everybody who uses it, and
// in which order to stop them.
Result<Quiet> judge_use(const Gpu& gpu, const UseRules& rules);
// The same for a plan that is made: whom it stops itself is in nobody's way.
Result<> judge_use(const Gpu& gpu, const BindPlan& plan);

// Whether a plan gives a GPU to its variant driver.
bool is_to_variant(const Gpu& gpu, const BindPlan& plan);

// Error `busy` where somebody else gives the GPU to a driver, too, and will do
// so again: two managers end with the GPU in the hands of the later one.
Result<> judge_managers(const Gpu& gpu);
// The same for a plan that is made: only one that gives the GPU to its variant
// driver is a rival's concern.
Result<> judge_managers(const Gpu& gpu, const BindPlan& plan,
                        OtherManagers managers);

// Says in a plan that is only shown what would refuse it.
void add_use_notes(const Gpu& gpu, BindPlan& plan);
void add_manager_note(const Gpu& gpu, BindPlan& plan, OtherManagers managers);

// "shut down domain grace", "systemctl stop nvidia-dcgm.service", …: in order,
// each once.
std::vector<std::string> stop_order(const Gpu& gpu);

// What to_string() says of each, up to a number of them that can be read.
std::string names_of(std::span<const Holder> holders);

// "1. shut down domain grace, 2. …"
std::string numbered(const std::vector<std::string>& items);

}  // namespace nvgpuctl
