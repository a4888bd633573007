// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/bind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/holder.hpp"
#include "core/quiet.hpp"
#include "host/census.hpp"
#include "host/hung_records.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kNotSet = "not set";

// What an attribute must read as after a write; nothing for the attributes
// that only trigger something.
std::optional<std::string> expected_readback(const Step& step) {
  if (!step.path.ends_with("/driver_override")) {
    return std::nullopt;
  }
  return step.value == "\n" ? std::string(kNotSet) : step.value;
}

// The kernel prints an override that is not set as a NULL pointer.
std::string shown_override(std::string_view text) {
  return std::string(text.empty() || text == "(null)" ? kNotSet : text);
}

StepReport read_back(const RootDir& root, const Step& step,
                     const WriteAnswer& answer) {
  StepReport report{step, false, ""};
  if (answer.hung) {
    report.hung = true;
    report.evidence = hung_evidence(root, *answer.hung);
  }
  if (!answer.written) {
    report.seen = answer.written.error().problem;
    return report;
  }
  const auto expected = expected_readback(step);
  if (!expected) {
    report.done = true;
    report.seen = "accepted";
    return report;
  }
  const auto seen = root.read_text(step.path);
  report.seen = seen ? shown_override(trim(*seen)) : seen.error().problem;
  report.done = seen && report.seen == *expected;
  return report;
}

StepReport check_driver(const RootDir& root, const Step& step) {
  const auto driver = root.link_name(step.path);
  if (!driver && driver.error().code != Errc::not_found) {
    return {step, false, driver.error().problem};
  }
  const bool bound_as_told = (driver ? *driver : "") == step.value;
  return {step, bound_as_told == (step.kind == StepKind::expect_driver),
          driver ? *driver : "no driver"};
}

// A parameter that the module does not have is ignored by the kernel, and one
// that was loaded before keeps its own.
StepReport check_parameters(const RootDir& root, const Step& step) {
  const auto words = split(step.value, ' ');
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    const auto path = fmt::format("/sys/module/{}/parameters/{}", words[0],
                                  words[i].substr(0, equals));
    const auto seen = root.read_text(path);
    if (!seen || trim(*seen) != words[i].substr(equals + 1)) {
      return {step, false,
              seen ? fmt::format("{} is {}", path, trim(*seen))
                   : "the module that was loaded has no such parameter"};
    }
  }
  return {step, true, "loaded"};
}

// Blocks are not told apart in a report: the first that fails is named.
StepReport change_blocks(const RootDir& root, const PciAddress& gpu,
                         const Step& step) {
  const auto order = parse_block_order(step.value);
  if (!order) {
    return {step, false, "not an order for memory blocks"};
  }
  const bool online = order->word != "offline";
  std::size_t changed = 0;
  std::size_t absent = 0;
  for (const auto block : order->blocks) {
    const std::string path = fmt::format("{}/memory{}/state", step.path, block);
    const auto now = root.read_text(path);
    if (!now && now.error().code == Errc::not_found) {
      ++absent;  // with the driver that had added it
      continue;
    }
    if (now && (trim(*now) == "online") == online) {
      continue;
    }
    // The kernel moves away what is in a block, as long as that takes.
    const auto answer = write_together(root, {{gpu, path, order->word}}, {})[0];
    const auto seen = answer.written
                          ? root.read_text(path)
                          : Result<std::string>(forward_error(answer.written));
    if (!seen || (trim(*seen) == "online") != online) {
      return {
          step, false,
          fmt::format("memory{}: {}", block,
                      seen ? std::string(trim(*seen)) : seen.error().problem),
          answer.hung.has_value(),
          answer.hung ? hung_evidence(root, *answer.hung)
                      : std::vector<std::string>{}};
    }
    ++changed;
  }
  std::string seen = fmt::format("{} changed", changed);
  if (absent > 0) {
    seen += fmt::format(", {} are not there now", absent);
  }
  return {step, true, seen};
}

StepReport control_unit(ModuleLoader& modules, const Step& step) {
  const auto order = parse_unit_order(step.value);
  if (!order) {
    return {step, false, "not an order for a unit"};
  }
  const auto done = modules.control(*order);
  return {step, done.has_value(),
          !done ? done.error().problem
                : (order->verb == "stop" ? "inactive" : "active")};
}

// Several plans on their way. Each has done the steps of its report.
class Applier {
 public:
  Applier(const RootDir& root, ModuleLoader& modules,
          const std::vector<BindPlan>& plans, const WaitProgress& progress)
      : root_(root), modules_(modules), plans_(plans), progress_(progress) {}

  std::vector<BindReport> run() {
    for (const auto& plan : plans_) {
      reports_.push_back({plan.gpu, false, {}});
    }
    while (!all_done() && come_to_writes() && write_next()) {
    }
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto& steps = reports_[i].steps;
      reports_[i].done =
          steps.size() == plans_[i].steps.size() &&
          std::all_of(steps.begin(), steps.end(), [](const auto& one) {
            return one.done || is_forgiven(one);
          });
    }
    return std::move(reports_);
  }

 private:
  const Step* next(std::size_t index) const {
    const auto done = reports_[index].steps.size();
    const auto& steps = plans_[index].steps;
    return done < steps.size() ? &steps[done] : nullptr;
  }
  bool all_done() const {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (next(i) != nullptr) {
        return false;
      }
    }
    return true;
  }
  bool note(std::size_t index, StepReport report) {
    reports_[index].steps.push_back(std::move(report));
    return reports_[index].steps.back().done;
  }

  // A module is loaded once for all.
  StepReport load(const Step& step) {
    const auto done = loaded_.insert(step.value).second
                          ? modules_.load(step.value)
                          : Result<>();
    if (!done) {
      return {step, false, done.error().problem,
              done.error().code == Errc::needs_operator};
    }
    return check_parameters(root_, step);
  }
  StepReport carry_out(const PciAddress& gpu, const Step& step) {
    switch (step.kind) {
      case StepKind::load_module:
        return load(step);
      case StepKind::memory_blocks:
        return change_blocks(root_, gpu, step);
      case StepKind::unit:
        return control_unit(modules_, step);
      case StepKind::write_attribute:  // those of all are made together
      case StepKind::expect_driver:
      case StepKind::expect_released:
        break;
    }
    return check_driver(root_, step);
  }
  // Every GPU's steps up to its next write.
  bool come_to_writes() {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto* step = next(i);
      while (step != nullptr && step->kind != StepKind::write_attribute) {
        if (!note(i, carry_out(plans_[i].gpu, *step)) &&
            !is_forgiven(reports_[i].steps.back())) {
          return false;
        }
        step = next(i);
      }
    }
    return true;
  }
  bool write_next() {
    std::vector<KernelWrite> writes;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      if (const auto* step = next(i)) {
        writes.push_back({plans_[i].gpu, step->path, step->value});
        places.push_back(i);
      }
    }
    const auto answers = write_together(root_, writes, progress_);
    bool good = true;
    for (std::size_t i = 0; i < places.size(); ++i) {
      good = note(places[i], read_back(root_, *next(places[i]), answers[i])) &&
             good;
    }
    return good;
  }

  const RootDir& root_;
  ModuleLoader& modules_;
  const std::vector<BindPlan>& plans_;
  const WaitProgress& progress_;
  std::set<std::string> loaded_;
  std::vector<BindReport> reports_;
};

}  // namespace

Result<> check_not_held(const RootDir& root, const PciFunction& function) {
  const auto holders = holders_of(read_census(root, {function}), function);
  if (holders.empty()) {
    return {};
  }
  std::string names;
  for (const auto& holder : holders) {
    names += (names.empty() ? "" : ", ") + to_string(holder);
  }
  return fail(Errc::busy, to_string(function.address), names,
              "stop it first; a driver change would wait for it");
}

bool is_forgiven(const StepReport& report) {
  return !report.done && !report.hung && is_restoration(report.step);
}

std::string not_restored(const std::vector<StepReport>& steps) {
  std::string text;
  for (const auto& report : steps) {
    if (is_forgiven(report)) {
      text += report.step.value + ": " + report.seen + "; ";
    }
  }
  return text;
}

std::vector<BindReport> apply_together(const RootDir& root,
                                       ModuleLoader& modules,
                                       const std::vector<BindPlan>& plans,
                                       const WaitProgress& progress) {
  return Applier(root, modules, plans, progress).run();
}

BindReport apply(const RootDir& root, ModuleLoader& modules,
                 const BindPlan& plan) {
  return apply_together(root, modules, {plan}, {})[0];
}

}  // namespace nvgpuctl
