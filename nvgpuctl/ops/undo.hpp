// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/journal.hpp"
#include "ops/bind.hpp"

namespace nvgpuctl {

// What one GPU's driver state is now. Error: not_found when the function is
// gone.
Result<DriverState> read_driver_state(const RootDir& root,
                                      const PciAddress& gpu);

// Makes the record of a GPU's origin what it is to be, at one end of a change.
Result<> settle_origin(const RootDir& root, const PciAddress& gpu,
                       const std::optional<OriginRecord>& origin);

struct UndoReport {
  PciAddress gpu;
  bool done = false;
  std::vector<StepReport> steps;
  std::string problem;  // why it is not done
};

// Brings the GPUs of a change back to what they were before it, the last one
// first, from whatever they are now; a GPU that fails does not keep the others
// from it. A GPU that is gone is nothing to bring back.
std::vector<UndoReport> undo(const RootDir& root, ModuleLoader& modules,
                             const Journal& journal);

}  // namespace nvgpuctl
