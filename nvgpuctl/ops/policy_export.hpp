// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/policy.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

struct ExportedPolicy {
  Policy policy;
  std::vector<std::string> notes;  // a sentence about each rule
};

// The policy that these GPUs, indices into the inventory's, fulfil as they are.
ExportedPolicy export_policy(const RootDir& root, const Inventory& inventory,
                             const std::vector<std::size_t>& gpus);

}  // namespace nvgpuctl
