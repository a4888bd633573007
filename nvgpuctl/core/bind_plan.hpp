// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

enum class StepKind {
  load_module,      // value: module name
  write_attribute,  // value written to path
  expect_driver,    // path is a driver link; value the driver, "" for none
};

// One step towards a driver change, in the words that --dry-run prints and
// apply() carries out.
struct Step {
  StepKind kind = StepKind::write_attribute;
  std::string path;
  std::string value;
  std::string purpose;  // "take the GPU away from nvidia"

  friend bool operator==(const Step&, const Step&) = default;
};

// What brings one GPU and every other function of its IOMMU group to the
// wanted driver. No steps: it is already there.
struct BindPlan {
  PciAddress gpu;
  std::string from;  // driver now, "" for none
  std::string to;    // driver afterwards; "" when the kernel will choose
  std::vector<Step> steps;
  std::vector<std::string> notes;
};

// Fails with the first error finding when the GPU cannot be passed through, and
// with `unsupported` when no variant driver for it is installed.
Result<BindPlan> plan_bind(const HostSnapshot& host, const Gpu& gpu);

// Gives the GPU back: the override is cleared and the kernel probes anew.
Result<BindPlan> plan_unbind(const HostSnapshot& host, const Gpu& gpu);

}  // namespace nvgpuctl
