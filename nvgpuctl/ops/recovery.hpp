// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/recovery_plan.hpp"
#include "ops/undo.hpp"

namespace nvgpuctl {

// What recover() found and did. Without anything left there are no lines.
struct Recovery {
  std::optional<RecoveryCourse> course;  // nothing: no usable journal
  std::vector<UndoReport> undone;
  // One sentence about each thing that was done, for people.
  std::vector<std::string> lines;
  // GPUs that cannot be brought back: the kernel holds them, which can only be
  // waited for, or somebody else does, or they are dead. They keep a journal of
  // their own and nobody else from a change.
  std::vector<Error> stuck = {};
  // Of GPUs that are where they are to be: services that do not start, memory
  // that does not come online; and records that cannot be used. No record that
  // somebody could act on is left of it.
  std::vector<Error> left = {};
  // Why it is not complete: the journal stays, and nothing else may change
  // drivers before somebody has looked.
  std::optional<Error> failure;
};

// Finishes or takes back what a crash, a kill or a power loss left, and tidies
// records that hold no more. Does nothing when there is nothing, and the same
// again when it was interrupted itself. The caller holds the lock.
Recovery recover(const RootDir& root, ModuleLoader& modules);

}  // namespace nvgpuctl
