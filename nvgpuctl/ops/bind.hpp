// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/bind_plan.hpp"
#include "host/kernel_call.hpp"
#include "host/module_loader.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

struct StepReport {
  Step step;
  bool done = false;
  std::string seen;  // read back, or the error
  // The kernel has not come back from it.
  bool hung = false;
  std::vector<std::string> evidence = {};  // of that
};

// A step that starts again what was stopped and that fails keeps nothing else
// from being done; one that the kernel does not come back from does.
bool is_forgiven(const StepReport& report);

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

// Carries plans out on the host, reading every write back: step by step, what
// is written for one GPU is written for all at the same time, and a module is
// loaded once. At the first step that does not hold, the writes of that time
// are waited for, and nothing more is begun; steps that start again what was
// stopped are all tried.
std::vector<BindReport> apply_together(const RootDir& root,
                                       ModuleLoader& modules,
                                       const std::vector<BindPlan>& plans,
                                       const WaitProgress& progress);

// The same with one plan.
BindReport apply(const RootDir& root, ModuleLoader& modules,
                 const BindPlan& plan);

}  // namespace nvgpuctl
