// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/bind.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"
#include "host/holders.hpp"
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
  StepReport report{step, false, "", false, {}};
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
    return {step, false, driver.error().problem, false, {}};
  }
  const bool bound_as_told = (driver ? *driver : "") == step.value;
  return {step,
          bound_as_told == (step.kind == StepKind::expect_driver),
          driver ? *driver : "no driver",
          false,
          {}};
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
    bool going = load_modules();
    while (going && !all_done()) {
      going = check_drivers() && write_next();
    }
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto& steps = reports_[i].steps;
      reports_[i].done = steps.size() == plans_[i].steps.size() &&
                         (steps.empty() || steps.back().done);
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

  bool load_modules() {
    std::set<std::string> loaded;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto* step = next(i);
      if (step == nullptr || step->kind != StepKind::load_module) {
        continue;
      }
      const auto done = loaded.insert(step->value).second
                            ? modules_.load(step->value)
                            : Result<>();
      const bool hung = !done && done.error().code == Errc::needs_operator;
      if (!note(i, {*step,
                    done.has_value(),
                    done ? "loaded" : done.error().problem,
                    hung,
                    {}})) {
        return false;
      }
    }
    return true;
  }
  bool check_drivers() {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto* step = next(i);
      while (step != nullptr && step->kind != StepKind::write_attribute) {
        if (!note(i, check_driver(root_, *step))) {
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
  std::vector<BindReport> reports_;
};

}  // namespace

Result<> check_not_held(const RootDir& root, const PciFunction& function) {
  const auto holders = find_holders(root, function);
  if (holders.empty()) {
    return {};
  }
  std::string names;
  for (const auto& holder : holders) {
    names += fmt::format("{}{} (pid {}) has {} open", names.empty() ? "" : ", ",
                         holder.command, holder.pid, holder.path);
  }
  return fail(Errc::busy, to_string(function.address), names,
              "stop it first; a driver change would wait for it");
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
