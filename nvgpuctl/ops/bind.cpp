// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/bind.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "host/holders.hpp"

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

StepReport write_and_read_back(const RootDir& root, const Step& step) {
  StepReport report{step, false, ""};
  const auto written = root.write(step.path, step.value);
  if (!written) {
    report.seen = written.error().problem;
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
StepReport load_and_read_back(const RootDir& root, ModuleLoader& modules,
                              const Step& step) {
  const auto loaded = modules.load(step.value);
  if (!loaded) {
    return {step, false, loaded.error().problem};
  }
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

StepReport carry_out(const RootDir& root, ModuleLoader& modules,
                     const Step& step) {
  switch (step.kind) {
    case StepKind::load_module:
      return load_and_read_back(root, modules, step);
    case StepKind::write_attribute:
      return write_and_read_back(root, step);
    case StepKind::expect_driver:
    case StepKind::expect_released:
      break;
  }
  return check_driver(root, step);
}

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

BindReport apply(const RootDir& root, ModuleLoader& modules,
                 const BindPlan& plan) {
  BindReport report;
  report.gpu = plan.gpu;
  report.done = true;
  for (const auto& step : plan.steps) {
    report.steps.push_back(carry_out(root, modules, step));
    if (!report.steps.back().done) {
      report.done = false;
      return report;
    }
  }
  return report;
}

}  // namespace nvgpuctl
