// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.hpp"
#include "core/journal.hpp"
#include "ops/bind.hpp"
#include "ops/undo.hpp"

namespace nvgpuctl {

// One GPU's part of a change: how, and what is written down about it.
struct Change {
  BindPlan plan;
  JournalGpu record;
};

// What became of a GPU.
enum class Ending {
  unchanged,       // there was nothing to do
  done,            // changed, and proven where that was asked for
  rolled_back,     // the transaction failed, and it is what it was
  needs_operator,  // it is neither, or nobody can tell
};
std::string_view to_string(Ending ending);

struct ChangeReport {
  BindPlan plan;
  Ending ending = Ending::unchanged;
  std::vector<StepReport> steps;  // up to and with the first that failed
  std::vector<StepReport> undo;   // the way back
  std::string problem;            // what failed beside a step
  std::vector<CheckSection> proof;
};

struct TransactionReport {
  std::vector<ChangeReport> gpus;
  // What failed first; `rolled_back` or `needs_operator`.
  std::optional<Error> failure;
};

// Looks at a GPU whose driver was changed: the sections of its attestation. An
// error, like a verdict `fail` or `skipped`, means that it is not what it was
// to be. No section: there is nothing to prove about it. Called from several
// threads, one for each GPU.
using Prove =
    std::function<Result<std::vector<CheckSection>>(const PciAddress&)>;

// What is proven, and what ends a transaction beside a GPU that does not work.
enum class Strictness {
  normal,
  domain,  // for a domain that starts now: GPUs that are not changed are
           // proven, too, and one without its memory will not do
};

struct TransactionTools {
  const RootDir& root;
  ModuleLoader& modules;
  Prove prove = {};  // nothing: not proven
  WaitProgress progress = {};
  Strictness strictness = Strictness::normal;
};

// Carries changes out as one: all GPUs arrive, or all are brought back to what
// they were. The caller holds the lock and has recovered what was left before.
// The journal is written before the first change and removed after the last,
// so that recover() can end it whatever happens in between; when somebody has
// to look, it stays.
TransactionReport run_transaction(const TransactionTools& tools,
                                  std::string_view verb,
                                  const Signature& signature,
                                  std::vector<Change> changes);

}  // namespace nvgpuctl
