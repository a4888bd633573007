// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/bind_plan.hpp"
#include "host/module_loader.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

struct StepReport {
  Step step;
  bool done = false;
  std::string seen;  // read back, or the error
};

struct BindReport {
  PciAddress gpu;
  bool done = false;
  std::vector<StepReport> steps;  // up to and with the first that failed
};

// Error `busy`, naming process and device node, when somebody has the GPU open.
// The kernel's unbind would wait for them, possibly for ever.
Result<> check_not_held(const RootDir& root, const PciFunction& function);

// Which of the services and memory that were to run again do not: "start
// nvidia-dcgm.service: …; "; empty when all do.
std::string not_restored(const std::vector<StepReport>& steps);

// Carries a plan out on the host, reading every write back. Stops at the first
// step that does not hold; steps that start again what was stopped are all
// tried.
BindReport apply(const RootDir& root, ModuleLoader& modules,
                 const BindPlan& plan);

}  // namespace nvgpuctl
