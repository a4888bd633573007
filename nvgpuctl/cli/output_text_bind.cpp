// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "cli/layout.hpp"
#include "cli/output_text.hpp"
#include "core/driver_change.hpp"

namespace nvgpuctl::cli {
namespace {

// A value as it would stand in a shell's $'…'.
std::string in_quotes(std::string_view value) {
  std::string text;
  for (const char character : value) {
    text += character == '\n' ? "\\n" : std::string(1, character);
  }
  return fmt::format("'{}'", text);
}

// What the step does, as one would type it.
std::string step_text(const Step& step) {
  switch (step.kind) {
    case StepKind::load_module:
      return fmt::format("load module {}", step.value);
    case StepKind::write_attribute:
      return fmt::format("write {} to {}", in_quotes(step.value), step.path);
    case StepKind::expect_driver:
      if (step.value.empty()) {
        return fmt::format("expect no driver at {}", step.path);
      }
      return fmt::format("expect driver {} at {}", step.value, step.path);
    case StepKind::unit:
      return "systemctl " + step.value;
    case StepKind::memory_blocks: {
      const auto space = std::min(step.value.find(' '), step.value.size());
      return fmt::format("write '{}' to {}/memoryN/state for N ={}",
                         step.value.substr(0, space), step.path,
                         step.value.substr(space));
    }
    case StepKind::expect_released:
      break;
  }
  return fmt::format("expect another driver than {}, or none, at {}",
                     step.value, step.path);
}

std::string or_words(const std::string& driver, std::string_view words) {
  return driver.empty() ? std::string(words) : driver;
}

// What a plan that names no driver ends with.
std::string_view end_without_driver(const BindPlan& plan) {
  std::string_view end = "no driver";
  for (const auto& step : plan.steps) {
    if (step.kind == StepKind::expect_released) {
      return "what the kernel chooses";
    }
    if (step.path.ends_with("/driver_override") && step.value == kNobody) {
      end = "no driver, and none may take it";
    }
  }
  return end;
}

void print_heading(Context& context, const BindPlan& plan) {
  context.out << paint(context, to_string(plan.gpu), Style::strong) << "  "
              << printable(or_words(plan.from, "no driver")) << " -> "
              << printable(or_words(plan.to, end_without_driver(plan))) << '\n';
}

void print_notes(Context& context, const BindPlan& plan) {
  for (const auto& note : plan.notes) {
    print_prose(context.out, context.width, "  note: ", note);
  }
}

void print_steps(Context& context, const std::vector<StepReport>& steps) {
  for (const auto& step : steps) {
    context.out << "  "
                << paint(context, step.done ? "done   " : "FAILED ",
                         step.done ? Style::good : Style::bad)
                << ' ' << printable(step_text(step.step)) << '\n';
    if (!step.done && !step.seen.empty()) {
      print_prose(context.out, context.width, "          ", step.seen);
    }
    for (const auto& line : step.evidence) {
      context.out << "            " << printable(line) << '\n';
    }
  }
}

// In one line; `validate` has the checks.
void print_proof(Context& context, const std::vector<CheckSection>& proof) {
  const auto verdict = overall(proof);
  std::string_view word = "FAILED ";
  Style style = Style::bad;
  if (verdict == Verdict::pass) {
    word = "done   ";
    style = Style::good;
  } else if (verdict == Verdict::degraded) {
    word = "DEGRADED";
    style = Style::warn;
  }
  context.out << "  " << paint(context, word, style)
              << " validate it through VFIO\n";
  print_prose(context.out, context.width, "          ", worst_check(proof));
}

}  // namespace

void print_bind_plan(Context& context, const BindPlan& plan) {
  print_heading(context, plan);
  if (plan.steps.empty()) {
    context.out << "  nothing to do\n";
  }
  std::size_t number = 0;
  for (const auto& step : plan.steps) {
    context.out << fmt::format("  {}. ", ++number) << printable(step_text(step))
                << '\n';
    if (!step.purpose.empty()) {
      print_prose(context.out, context.width, "     ", step.purpose);
    }
  }
  print_notes(context, plan);
}

void print_bind_report(Context& context, const ChangeReport& change) {
  print_heading(context, change.plan);
  if (change.plan.steps.empty()) {
    context.out << "  nothing to do\n";
  }
  print_steps(context, change.steps);
  if (!change.proof.empty()) {
    print_proof(context, change.proof);
  }
  if (change.ending == Ending::rolled_back ||
      change.ending == Ending::needs_operator) {
    context.out << "  back to what it was:"
                << (change.undo.empty() ? " nothing to do\n" : "\n");
    print_steps(context, change.undo);
  }
  print_prose(context.out, context.width, "  problem: ", change.problem);
  print_notes(context, change.plan);
}

}  // namespace nvgpuctl::cli
