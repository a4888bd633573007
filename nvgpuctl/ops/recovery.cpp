// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/quiet.hpp"
#include "host/hung_records.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl {
namespace {

class Recoverer {
 public:
  Recoverer(const RootDir& root, ModuleLoader& modules)
      : root_(root), modules_(modules), own_(sign(root, "recover")) {}
  Recovery run();

 private:
  Result<> end_change(const std::string& path);
  Result<> finish(const Journal& journal, const std::string& path);
  bool complete(const JournalGpu& gpu);
  bool carry_out(const PciAddress& gpu, const std::vector<Step>& steps);
  Result<> take_back(const Journal& journal, const std::string& path);
  Result<> forget(const Journal& journal, const std::string& path);
  void end_own_change(const PciAddress& gpu);
  Result<> origins();
  Result<> restore_of_gone(const OriginRecord& origin);
  Result<> put_aside(std::string_view path, const Error& why);

  void note_left(const PciAddress& gpu, const std::string& what) {
    if (!what.empty()) {
      recovery_.left.push_back({Errc::io, to_string(gpu),
                                "not everything runs as it is to: " + what,
                                "see to it by hand: no record of it is left"});
    }
  }
  template <class... Values>
  void say(fmt::format_string<Values...> format, Values&&... values) {
    recovery_.lines.push_back(
        fmt::format(format, std::forward<Values>(values)...));
  }

  const RootDir& root_;
  ModuleLoader& modules_;
  Signature own_;
  Recovery recovery_;
};

std::string present_state(const RootDir& root, const PciAddress& gpu) {
  const auto now = read_driver_state(root, gpu);
  return now ? to_string(*now) : "not there any more";
}

std::string described(const Journal& journal) {
  return fmt::format("the {} of {} by {}", journal.verb, journal.signature.when,
                     journal.signature.who);
}

Result<> Recoverer::put_aside(std::string_view path, const Error& why) {
  const auto name = set_aside(root_, path, own_.when);
  if (!name) {
    return forward_error(name);
  }
  say("{}: {}; it cannot be used and is kept as {}", why.subject, why.problem,
      *name);
  recovery_.left.push_back(
      {Errc::malformed, std::string(path),
       "cannot be used, so nobody knows what was left to do",
       fmt::format("read {} and look at the GPUs that it names", *name)});
  return {};
}

// Notes what fails and what hangs; false for the latter.
bool Recoverer::carry_out(const PciAddress& gpu,
                          const std::vector<Step>& steps) {
  std::string left;
  const auto report = apply(root_, modules_, {gpu, {}, {}, steps, {}});
  for (const auto& [step, done, seen, hung, evidence] : report.steps) {
    const auto& name =
        step.kind == StepKind::write_attribute ? step.purpose : step.value;
    say("{}: {}: {}", to_string(gpu), name, seen);
    if (hung) {
      recovery_.stuck.push_back(
          {Errc::needs_operator, to_string(gpu), seen, std::string(kHungHint)});
      return false;
    }
    left += done ? "" : fmt::format("{}: {}; ", name, seen);
  }
  note_left(gpu, left);
  return true;
}

// What an unbind does behind the steps that a GPU's state tells of. False where
// the kernel does not come back from it.
bool Recoverer::complete(const JournalGpu& gpu) {
  const auto now = read_driver_state(root_, gpu.gpu);
  const bool asks =
      gpu.after.kernel_chooses && now.has_value() && now->driver.empty();
  if (asks && !carry_out(gpu.gpu, {probe_step(gpu.gpu)})) {
    return false;
  }
  const auto& [before, after] = std::pair(gpu.before.origin, gpu.after.origin);
  const auto quiet =
      without(before ? before->quiet : Quiet{}, after ? after->quiet : Quiet{});
  return carry_out(gpu.gpu, restore_steps(quiet));
}

Result<> Recoverer::finish(const Journal& journal, const std::string& path) {
  recovery_.course = RecoveryCourse::finish;
  const bool is_own = path != kJournalPath;
  bool hung = false;
  for (const auto& gpu : journal.gpus) {
    if (!complete(gpu)) {
      hung = true;
      auto apart =
          is_own ? Result<>()
                 : store_journal(
                       root_,
                       {journal.verb, journal.phase, journal.signature, {gpu}},
                       stuck_journal_path(gpu.gpu));
      if (!apart) {
        return apart;
      }
      continue;
    }
    auto settled = settle_origin(root_, gpu.gpu, gpu.after.origin);
    if (!settled) {
      return settled;
    }
    say("{}: {} had been done; finished its records ({})", to_string(gpu.gpu),
        described(journal), present_state(root_, gpu.gpu));
  }
  return hung && is_own ? Result<>() : drop_journal(root_, path);
}

Result<> Recoverer::take_back(const Journal& journal, const std::string& path) {
  recovery_.course = RecoveryCourse::undo;
  const bool is_own = path != kJournalPath;
  auto undone = undo(root_, modules_, journal);
  std::string problem;  // with a journal of one GPU
  for (const auto& one : undone) {
    say("{}: {} was not complete; {}", to_string(one.gpu), described(journal),
        one.done ? "brought back to what was before (" +
                       present_state(root_, one.gpu) + ")"
                 : "cannot be brought back: " + one.problem);
    const std::string left = not_restored(one.steps);
    if (!left.empty()) {
      say("{}: not as before: {}", to_string(one.gpu), left);
      note_left(one.gpu, left);
    }
    if (one.hung) {
      recovery_.stuck.push_back({Errc::needs_operator, to_string(one.gpu),
                                 one.problem, std::string(kHungHint)});
    } else if (!one.done && !is_own) {
      recovery_.stuck.push_back({Errc::needs_operator, to_string(one.gpu),
                                 "cannot be brought back: " + one.problem,
                                 std::string(kRunRecover)});
    } else if (!one.done) {
      problem = fmt::format("{} cannot be brought back: {}", to_string(one.gpu),
                            one.problem);
    }
  }
  const bool hung = std::any_of(undone.begin(), undone.end(),
                                [](const auto& one) { return one.hung; });
  auto apart = is_own ? Result<>() : set_apart_stuck(root_, journal, undone);
  std::move(undone.begin(), undone.end(), std::back_inserter(recovery_.undone));
  if (!problem.empty()) {
    return fail(Errc::needs_operator, path, problem);
  }
  return !apart || (hung && is_own) ? apart : drop_journal(root_, path);
}

// Drivers are not touched: whoever chose them at boot knew nothing of this.
Result<> Recoverer::forget(const Journal& journal, const std::string& path) {
  recovery_.course = RecoveryCourse::forget;
  for (const auto& gpu : journal.gpus) {
    say("{}: {} ended with the host's last boot; left as it is now ({})",
        to_string(gpu.gpu), described(journal), present_state(root_, gpu.gpu));
  }
  return drop_journal(root_, path);
}

Result<> Recoverer::end_change(const std::string& path) {
  const auto journal = read_journal(root_, path);
  if (!journal && journal.error().code == Errc::malformed) {
    return put_aside(path, journal.error());
  }
  if (!journal) {
    return forward_error(journal);
  }
  if (!*journal) {
    return {};
  }
  bool hung = false;
  std::vector<std::optional<DriverState>> now;
  for (const auto& gpu : (*journal)->gpus) {
    // It may be on its way still, when only who waited for it was killed.
    hung = wait_for_hung(root_, to_string(gpu.gpu)) || hung;
    const auto state = read_driver_state(root_, gpu.gpu);
    if (!state && state.error().code != Errc::not_found && !hung) {
      return forward_error(state);
    }
    now.push_back(state ? std::optional(*state) : std::nullopt);
  }
  switch (choose_course(**journal, own_.boot_id, now)) {
    case RecoveryCourse::finish:
      return hung ? take_back(**journal, path) : finish(**journal, path);
    case RecoveryCourse::undo:
      return take_back(**journal, path);
    case RecoveryCourse::forget:
      break;
  }
  return forget(**journal, path);
}

// Its GPU alone waits for somebody to look.
void Recoverer::end_own_change(const PciAddress& gpu) {
  const auto path = stuck_journal_path(gpu);
  const auto done = end_change(path);
  if (!done) {
    say("{} stays, and only its GPU cannot be changed: {}", path,
        done.error().problem);
    recovery_.stuck.push_back({Errc::needs_operator, done.error().subject,
                               done.error().problem, std::string(kRunRecover)});
  }
}

// A GPU that was bound by hand and is gone goes nowhere any more; who was
// stopped for it runs again. The release of a domain's sees to its own.
Result<> Recoverer::restore_of_gone(const OriginRecord& origin) {
  if (origin.domain || origin.quiet.empty() ||
      root_.exists(sysfs_path(origin.gpu, "vendor"))) {
    return {};
  }
  if (!carry_out(origin.gpu, restore_steps(without_memory(origin.quiet)))) {
    return {};
  }
  say("{}: is gone; dropped its record, and who was stopped for it runs again",
      to_string(origin.gpu));
  return drop_origin(root_, origin.gpu);
}

// Records of an earlier boot say nothing about this one.
Result<> Recoverer::origins() {
  for (const auto& gpu : list_origins(root_)) {
    const auto origin = read_origin(root_, gpu);
    if (!origin && origin.error().code == Errc::malformed) {
      auto aside = put_aside(origin_path(gpu), origin.error());
      if (!aside) {
        return aside;
      }
    } else if (!origin) {
      return forward_error(origin);
    } else if (*origin && (*origin)->signature.boot_id == own_.boot_id) {
      auto restored = restore_of_gone(**origin);
      if (!restored) {
        return restored;
      }
    } else if (*origin) {
      auto dropped = drop_origin(root_, gpu);
      if (!dropped) {
        return dropped;
      }
      say("{}: dropped the record of its origin, which was of an earlier boot",
          to_string(gpu));
    }
  }
  return {};
}

Recovery Recoverer::run() {
  // Before the journal's own GPUs get one: it is known of those that they hang.
  const auto own = list_stuck_journals(root_);
  auto done = end_change(std::string(kJournalPath));
  for (const auto& gpu : own) {
    if (done) {
      end_own_change(gpu);
    }
  }
  if (done) {
    done = origins();
  }
  if (!done) {
    recovery_.failure = Error{Errc::needs_operator, done.error().subject,
                              done.error().problem, std::string(kRunRecover)};
  }
  return std::move(recovery_);
}

}  // namespace

Recovery recover(const RootDir& root, ModuleLoader& modules) {
  return Recoverer(root, modules).run();
}

}  // namespace nvgpuctl
