// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/transaction.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>

#include "host/hung_records.hpp"
#include "host/kernel_log.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl {
namespace {

// What an operator needs to hear of a step that did not hold.
Error step_failure(const PciAddress& gpu, const StepReport& report) {
  const Step& step = report.step;
  Error error{Errc::io, to_string(gpu), "", "the kernel log may say why"};
  if (report.hung) {
    return {Errc::needs_operator, to_string(gpu), report.seen,
            std::string(kHungHint)};
  }
  switch (step.kind) {
    case StepKind::load_module:
      error.problem = "module " + step.value + ": " + report.seen;
      break;
    case StepKind::write_attribute:
      error.problem = step.path + ": " + report.seen;
      break;
    case StepKind::expect_driver:
      error.problem =
          fmt::format("after the change it has {}, not {}", report.seen,
                      step.value.empty() ? "no driver" : step.value);
      break;
    case StepKind::expect_released:
      error.problem = step.value + " still drives it";
      break;
    case StepKind::unit:
      error.problem = step.value + ": " + report.seen;
      error.hint = "systemctl status says why";
      break;
    case StepKind::memory_blocks:
      error.problem = "its memory cannot be taken offline: " + report.seen;
      error.hint = "somebody uses that memory; stop them, or reboot";
      break;
  }
  return error;
}

// A driver that refuses a GPU says why, but only there; the line after it is
// the kernel's own, that the probe has failed.
void add_kernel_log(const RootDir& root, const Step& step, Error& failure) {
  const bool of_driver = step.kind == StepKind::write_attribute ||
                         step.kind == StepKind::expect_driver;
  const auto lines = of_driver ? kernel_log_about(root, failure.subject, 2)
                               : std::vector<std::string>{};
  if (!lines.empty()) {
    failure.problem += fmt::format("; the kernel log says last of it: '{}'",
                                   fmt::join(lines, "', '"));
  }
}

class Transaction {
 public:
  Transaction(const TransactionTools& tools, std::string_view verb,
              const Signature& signature, std::vector<Change> changes);
  TransactionReport run();

 private:
  Result<> prepare();
  Result<> change();
  Result<> prove_all();
  Result<> prove(std::size_t index);
  Result<> prove_or_fail(std::size_t index);
  Result<> finish();
  Result<> drop_own_journal();
  std::string note_undone(std::vector<UndoReport> undone, const Error& cause);
  bool is_held_after(const Error& cause) const;
  void roll_back(const Error& cause);
  void give_up(const Error& cause, const std::string& problem);

  ChangeReport& report(std::size_t index) { return report_.gpus[index]; }

  const TransactionTools& tools_;
  Journal journal_;
  // Of each GPU of the journal, its index in the report.
  std::vector<std::size_t> places_;
  TransactionReport report_;
};

Transaction::Transaction(const TransactionTools& tools, std::string_view verb,
                         const Signature& signature,
                         std::vector<Change> changes)
    : tools_(tools),
      journal_{std::string(verb), JournalPhase::apply, signature, {}} {
  for (auto& one : changes) {
    if (!one.plan.steps.empty() ||
        one.record.before.origin != one.record.after.origin) {
      places_.push_back(report_.gpus.size());
      journal_.gpus.push_back(std::move(one.record));
    }
    report_.gpus.push_back(
        {std::move(one.plan), Ending::unchanged, {}, {}, {}, {}});
  }
}

// Everything that must be on disk before the first driver is touched.
Result<> Transaction::prepare() {
  auto stored =
      journal_.gpus.empty() ? Result<>() : store_journal(tools_.root, journal_);
  for (const auto& gpu : journal_.gpus) {
    if (stored && gpu.after.origin) {
      stored = settle_origin(tools_.root, gpu.gpu, gpu.after.origin);
    }
  }
  return stored;
}

Result<> Transaction::change() {
  std::vector<BindPlan> plans;
  for (const auto place : places_) {
    plans.push_back(report(place).plan);
  }
  auto applied =
      apply_together(tools_.root, tools_.modules, plans, tools_.progress);
  std::optional<Error> worst;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    auto& steps = report(places_[i]).steps;
    steps = std::move(applied[i].steps);
    // One that others have kept from going on has no step that failed.
    if (!steps.empty() && !steps.back().done && !is_forgiven(steps.back())) {
      auto failure = step_failure(plans[i].gpu, steps.back());
      if (!steps.back().hung) {
        add_kernel_log(tools_.root, steps.back().step, failure);
      }
      const bool worse = failure.code == Errc::needs_operator;
      if (!worst || (worse && worst->code != failure.code)) {
        worst = std::move(failure);
      }
    }
  }
  return worst ? Result<>(tl::unexpected<Error>(std::move(*worst)))
               : Result<>();
}

Result<> Transaction::prove(std::size_t index) {
  auto& one = report(index);
  const bool strict = tools_.strictness == Strictness::domain;
  if (!tools_.prove || (one.plan.steps.empty() && !strict)) {
    return {};
  }
  auto proof = tools_.prove(one.plan.gpu);
  if (!proof) {
    one.problem = "not validated: " + proof.error().problem;
    // Whoever was quicker than us uses it, and taking it away would harm them.
    return proof.error().code == Errc::busy ? Result<>()
                                            : Result<>(forward_error(proof));
  }
  one.proof = std::move(*proof);
  if (one.proof.empty()) {
    return {};
  }
  const auto verdict = overall(one.proof);
  if (verdict == Verdict::fail || verdict == Verdict::skipped ||
      (verdict == Verdict::degraded && strict)) {
    one.problem = worst_check(one.proof);
    return fail(Errc::io, to_string(one.plan.gpu),
                "is bound and does not work: " + one.problem,
                "'nvgpuctl validate' shows every check; --no-validate binds "
                "all the same");
  }
  return {};
}

// What a thread throws would end the program, and no GPU would be brought back.
Result<> Transaction::prove_or_fail(std::size_t index) {
  try {
    return prove(index);
  } catch (const std::exception& error) {
    return fail(Errc::io, to_string(report(index).plan.gpu),
                std::string("cannot be validated: ") + error.what());
  }
}

// Each GPU's memory may have to be waited for, so all are looked at together.
Result<> Transaction::prove_all() {
  std::vector<Result<>> results(report_.gpus.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto work = [&, i] { results[i] = prove_or_fail(i); };
      try {
        threads.emplace_back(work);
      } catch (const std::system_error&) {
        work();  // no thread is to be had: one after the other, then
      }
    }
  }
  const auto failed = std::find_if(results.begin(), results.end(),
                                   [](const auto& one) { return !one; });
  return failed == results.end() ? Result<>() : *failed;
}

// Records that must be gone afterwards. The GPUs have arrived, and stay.
Result<> Transaction::finish() {
  Result<> done;
  for (const auto& gpu : journal_.gpus) {
    if (done && !gpu.after.origin) {
      done = settle_origin(tools_.root, gpu.gpu, std::nullopt);
    }
  }
  return done ? drop_own_journal() : done;
}

Result<> Transaction::drop_own_journal() {
  return journal_.gpus.empty() ? Result<>() : drop_journal(tools_.root);
}

void Transaction::give_up(const Error& cause, const std::string& problem) {
  report_.failure = Error{Errc::needs_operator, cause.subject,
                          cause.problem + problem, std::string(kRunRecover)};
}

// Why the GPUs cannot be brought back, without what the cause says already.
std::string Transaction::note_undone(std::vector<UndoReport> undone,
                                     const Error& cause) {
  std::reverse(undone.begin(), undone.end());  // into the journal's order
  std::string problem;
  for (std::size_t i = 0; i < undone.size(); ++i) {
    auto& one = report(places_[i]);
    one.undo = std::move(undone[i].steps);
    one.ending = undone[i].done ? Ending::rolled_back : Ending::needs_operator;
    if (undone[i].done) {
      continue;
    }
    one.problem += (one.problem.empty() ? "" : "; ") +
                   ("cannot be brought back: " + undone[i].problem);
    if (cause.code != Errc::needs_operator ||
        cause.subject != to_string(undone[i].gpu)) {
      problem += fmt::format("; {} cannot be brought back: {}",
                             to_string(undone[i].gpu), undone[i].problem);
    }
  }
  return problem;
}

// Whether what a step waits for has not come back although the GPUs have. Of a
// module nobody can tell what it will do yet.
bool Transaction::is_held_after(const Error& cause) const {
  const bool by_module = std::any_of(
      report_.gpus.begin(), report_.gpus.end(), [](const ChangeReport& one) {
        return !one.steps.empty() && one.steps.back().hung &&
               one.steps.back().step.kind == StepKind::load_module;
      });
  return cause.code == Errc::needs_operator &&
         (by_module || find_hung(tools_.root, cause.subject));
}

void Transaction::roll_back(const Error& cause) {
  journal_.phase = JournalPhase::undo;
  // A journal that still says "apply" leads recover() the same way, unless
  // every GPU had arrived; so this is tried and may fail.
  (void)(journal_.gpus.empty() ||
         store_journal(tools_.root, journal_).has_value());
  auto undone = undo(tools_.root, tools_.modules, journal_);
  std::string left;
  for (const auto& one : undone) {
    left += not_restored(one.steps);
  }
  const auto count = [&](auto&& what) {
    return std::count_if(undone.begin(), undone.end(), what);
  };
  const auto stuck = count([](const auto& one) { return !one.done; });
  const auto hung = count([](const auto& one) { return one.hung; });
  const bool held = stuck > 0 || is_held_after(cause);
  auto dropped = set_apart_stuck(tools_.root, journal_, undone);
  if (dropped) {
    dropped = drop_own_journal();
  }
  const std::string others =
      report_.gpus.size() > 1 ? "; every other GPU is as it was before" : "";
  const std::string problem = note_undone(std::move(undone), cause);
  if (!dropped) {
    give_up(cause, problem +
                       (stuck > 0 ? "; everything else" : "; everything") +
                       " is as it was before, but the journal stays: " +
                       dropped.error().problem);
  } else if (stuck > hung) {
    give_up(cause, problem + others);
  } else if (held) {
    report_.failure =
        Error{Errc::needs_operator, cause.subject,
              cause.problem + problem + others, std::string(kHungHint)};
  } else {
    // The hint of a write that did not come back asks for recovery.
    const bool was_hung = cause.code == Errc::needs_operator;
    report_.failure =
        Error{left.empty() ? Errc::rolled_back : Errc::io, cause.subject,
              cause.problem + (left.empty() ? "; everything is as it was before"
                                            : "; the GPUs are as they were "
                                              "before, but not: " +
                                                  left),
              was_hung ? "it has come back since; try again" : cause.hint};
  }
}

TransactionReport Transaction::run() {
  // The only account of GPUs that are half-way is not written over.
  if (!journal_.gpus.empty() && tools_.root.exists(kJournalPath)) {
    report_.failure =
        Error{Errc::needs_operator, std::string(kJournalPath),
              "an earlier change is not ended", std::string(kRunRecover)};
    return std::move(report_);
  }
  auto going = prepare();
  if (going) {
    going = change();
  }
  if (going) {
    going = prove_all();
  }
  if (!going) {
    roll_back(going.error());
    return std::move(report_);
  }
  for (const auto place : places_) {
    report(place).ending =
        report(place).plan.steps.empty() ? Ending::unchanged : Ending::done;
  }
  const auto finished = finish();
  if (!finished) {
    give_up(finished.error(),
            "; the GPUs are what they were to be, but the journal stays");
  }
  return std::move(report_);
}

}  // namespace

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::unchanged:
      return "unchanged";
    case Ending::done:
      return "done";
    case Ending::rolled_back:
      return "rolled-back";
    case Ending::needs_operator:
      break;
  }
  return "needs-operator";
}

TransactionReport run_transaction(const TransactionTools& tools,
                                  std::string_view verb,
                                  const Signature& signature,
                                  std::vector<Change> changes) {
  return Transaction(tools, verb, signature, std::move(changes)).run();
}

}  // namespace nvgpuctl
