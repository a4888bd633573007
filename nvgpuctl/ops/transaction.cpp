// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/state_dir.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kRunRecover =
    "see what is wrong there, then run: nvgpuctl recover";

// What an operator needs to hear of a step that did not hold.
Error step_failure(const PciAddress& gpu, const StepReport& report) {
  const Step& step = report.step;
  Error error{Errc::io, to_string(gpu), "", "the kernel log may say why"};
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

class Transaction {
 public:
  Transaction(const TransactionTools& tools, std::string_view verb,
              const Signature& signature, std::vector<Change> changes);
  TransactionReport run();

 private:
  Result<> prepare();
  Result<> change(std::size_t index);
  Result<> prove(std::size_t index);
  Result<> finish();
  Result<> drop_own_journal();
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

Result<> Transaction::change(std::size_t index) {
  auto& one = report(index);
  if (tools_.tell && !one.plan.steps.empty()) {
    tools_.tell(one.plan.gpu);
  }
  auto applied = apply(tools_.root, tools_.modules, one.plan);
  one.steps = std::move(applied.steps);
  if (!applied.done) {
    return tl::unexpected(step_failure(one.plan.gpu, one.steps.back()));
  }
  return {};
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
  report_.failure =
      Error{Errc::needs_operator, cause.subject, cause.problem + "; " + problem,
            std::string(kRunRecover)};
}

void Transaction::roll_back(const Error& cause) {
  journal_.phase = JournalPhase::undo;
  // A journal that still says "apply" leads recover() the same way, unless
  // every GPU had arrived; so this is tried and may fail.
  (void)(journal_.gpus.empty() ||
         store_journal(tools_.root, journal_).has_value());
  auto undone = undo(tools_.root, tools_.modules, journal_);
  std::reverse(undone.begin(), undone.end());  // into the journal's order
  std::string problem;
  std::string left;
  for (std::size_t i = 0; i < undone.size(); ++i) {
    auto& one = report(places_[i]);
    one.undo = std::move(undone[i].steps);
    left += not_restored(one.undo);
    one.ending = undone[i].done ? Ending::rolled_back : Ending::needs_operator;
    if (!undone[i].done) {
      one.problem += (one.problem.empty() ? "" : "; ") +
                     ("cannot be brought back: " + undone[i].problem);
      problem += fmt::format("{}{} cannot be brought back: {}",
                             problem.empty() ? "" : "; ",
                             to_string(undone[i].gpu), undone[i].problem);
    }
  }
  if (!problem.empty()) {
    give_up(cause, problem);
    return;
  }
  const auto dropped = drop_own_journal();
  if (!dropped) {
    give_up(cause, "everything is as it was before, but the journal stays: " +
                       dropped.error().problem);
    return;
  }
  report_.failure =
      Error{Errc::rolled_back, cause.subject,
            cause.problem + (left.empty() ? "; everything is as it was before"
                                          : "; the GPUs are as they were "
                                            "before, but not: " +
                                                left),
            cause.hint};
}

TransactionReport Transaction::run() {
  auto going = prepare();
  for (std::size_t i = 0; going && i < places_.size(); ++i) {
    going = change(places_[i]);
  }
  for (std::size_t i = 0; going && i < report_.gpus.size(); ++i) {
    going = prove(i);
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
            "the GPUs are what they were to be, but the "
            "journal stays");
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
