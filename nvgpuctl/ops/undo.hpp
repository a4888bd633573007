// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/journal.hpp"
#include "ops/bind.hpp"

namespace nvgpuctl {

// What one GPU's driver state is now. Error: not_found when the function is
// gone; needs_operator when a write of ours holds it, because the kernel would
// not let anybody read its driver_override either.
Result<DriverState> read_driver_state(const RootDir& root,
                                      const PciAddress& gpu);

// Whether the kernel has the driver now.
DriverPresence presence_of(const RootDir& root, const std::string& driver);

// Makes the record of a GPU's origin what it is to be, at one end of a change.
Result<> settle_origin(const RootDir& root, const PciAddress& gpu,
                       const std::optional<OriginRecord>& origin);

// The hint where GPUs cannot be brought to where a change wants them.
constexpr std::string_view kRunRecover =
    "see what is wrong there, then run: nvgpuctl recover";

struct UndoReport {
  PciAddress gpu;
  bool done = false;
  std::vector<StepReport> steps;
  std::string problem;  // why it is not done
  bool hung = false;    // because the kernel has not come back from a write
};

// Brings the GPUs of a change back to what they were before it, the last one
// first, from whatever they are now; a GPU that fails does not keep the others
// from it. A GPU that is gone is nothing to bring back.
std::vector<UndoReport> undo(const RootDir& root, ModuleLoader& modules,
                             const Journal& journal);

// Each GPU that could not be brought back gets a journal of its own with what
// is left to do about it, so that the others are free: it may be hung, held by
// somebody, or dead, which no operator can mend on a running host.
Result<> set_apart_stuck(const RootDir& root, const Journal& journal,
                         const std::vector<UndoReport>& undone);

}  // namespace nvgpuctl
