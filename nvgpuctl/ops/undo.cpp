// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/undo.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "core/quiet.hpp"
#include "host/hung_records.hpp"
#include "host/pci_functions.hpp"
#include "host/pci_library.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl {
namespace {

// Whoever has opened the device since would be waited for by the kernel.
Result<> check_free(const RootDir& root, const PciAddress& gpu) {
  PciLibrary library(root);
  const auto function = read_pci_function(root, library, gpu);
  return function ? check_not_held(root, *function)
                  : Result<>(forward_error(function));
}

Quiet quiet_of(const JournalState& state) {
  return state.origin ? state.origin->quiet : Quiet{};
}

// Adds to the report; false when a step does not hold.
bool carry_out(const RootDir& root, ModuleLoader& modules, const BindPlan& plan,
               UndoReport& report) {
  auto applied = apply(root, modules, plan);
  for (auto& step : applied.steps) {
    report.steps.push_back(std::move(step));
  }
  return applied.done;
}

Result<> bring_driver_back(const RootDir& root, ModuleLoader& modules,
                           const JournalGpu& gpu, UndoReport& report) {
  (void)wait_for_hung(root, to_string(gpu.gpu));
  const auto now = read_driver_state(root, gpu.gpu);
  if (!now) {
    return forward_error(now);
  }
  const auto& wanted = gpu.before.state;
  // What an unbind had started again, before it failed.
  const auto quiet = without(quiet_of(gpu.before), quiet_of(gpu.after));
  const auto plan =
      plan_change(gpu.gpu, *now, wanted, presence_of(root, wanted.driver));
  bool done = now->driver == wanted.driver ||
              carry_out(root, modules,
                        {gpu.gpu, {}, {}, quiesce_steps(quiet), {}}, report);
  if (done && !now->driver.empty() && now->driver != wanted.driver) {
    auto free = check_free(root, gpu.gpu);
    if (!free) {
      return free;
    }
  }
  done = done && carry_out(root, modules, plan, report);
  if (!done) {
    const auto& last = report.steps.back();
    return fail(last.hung ? Errc::needs_operator : Errc::io, last.step.path,
                last.seen);
  }
  return {};
}

Result<> bring_back(const RootDir& root, ModuleLoader& modules,
                    const JournalGpu& gpu, UndoReport& report) {
  auto moved = bring_driver_back(root, modules, gpu, report);
  const bool gone = !moved && moved.error().code == Errc::not_found;
  if (!moved && !gone) {
    return moved;
  }
  // Who was stopped for it runs again. Where it is gone, that is everybody:
  // no record of it is left.
  const auto quiet =
      gone ? without_memory(merged(quiet_of(gpu.before), quiet_of(gpu.after)))
           : without(quiet_of(gpu.after), quiet_of(gpu.before));
  carry_out(root, modules, {gpu.gpu, {}, {}, restore_steps(quiet), {}}, report);
  if (!report.steps.empty() && report.steps.back().hung) {
    const auto& last = report.steps.back();
    return fail(Errc::needs_operator, last.step.path, last.seen);
  }
  return settle_origin(root, gpu.gpu, gone ? std::nullopt : gpu.before.origin);
}

}  // namespace

Result<DriverState> read_driver_state(const RootDir& root,
                                      const PciAddress& gpu) {
  if (const auto hung = find_hung(root, to_string(gpu))) {
    return tl::unexpected<Error>(hung_error(*hung));
  }
  const auto override = root.read_text(sysfs_path(gpu, "driver_override"));
  if (!override) {
    return forward_error(override);
  }
  DriverState state;
  const auto text = trim(*override);
  if (!text.empty() && text != "(null)") {
    state.driver_override = std::string(text);
  }
  const auto driver = root.link_name(sysfs_path(gpu, "driver"));
  if (!driver && driver.error().code != Errc::not_found) {
    return forward_error(driver);
  }
  state.driver = driver ? *driver : "";
  return state;
}

DriverPresence presence_of(const RootDir& root, const std::string& driver) {
  return root.exists("/sys/bus/pci/drivers/" + driver)
             ? DriverPresence::loaded
             : DriverPresence::not_loaded;
}

Result<> settle_origin(const RootDir& root, const PciAddress& gpu,
                       const std::optional<OriginRecord>& origin) {
  const auto now = read_origin(root, gpu);
  if (now && *now == origin) {
    return {};
  }
  return origin ? store_origin(root, *origin) : drop_origin(root, gpu);
}

std::vector<UndoReport> undo(const RootDir& root, ModuleLoader& modules,
                             const Journal& journal) {
  std::vector<UndoReport> reports;
  // Not a view: clang-tidy 14 cannot read those of libstdc++ 12.
  for (std::size_t left = journal.gpus.size(); left > 0; --left) {
    const JournalGpu& gpu = journal.gpus[left - 1];
    UndoReport report{gpu.gpu, false, {}, {}, false};
    const auto done = bring_back(root, modules, gpu, report);
    report.done = done.has_value();
    if (!done) {
      report.problem = done.error().subject + ": " + done.error().problem;
      report.hung = done.error().code == Errc::needs_operator;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<> set_apart_stuck(const RootDir& root, const Journal& journal,
                         const std::vector<UndoReport>& undone) {
  for (const auto& gpu : journal.gpus) {
    const bool stuck = std::any_of(
        undone.begin(), undone.end(),
        [&](const UndoReport& one) { return !one.done && one.gpu == gpu.gpu; });
    if (!stuck) {
      continue;
    }
    auto stored = store_journal(
        root, {journal.verb, JournalPhase::undo, journal.signature, {gpu}},
        stuck_journal_path(gpu.gpu));
    if (!stored) {
      return stored;
    }
  }
  return {};
}

}  // namespace nvgpuctl
