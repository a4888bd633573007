// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/bind.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "core/holder.hpp"
#include "core/quiet.hpp"
#include "host/census.hpp"

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

// Blocks are not told apart in a report: the first that fails is named.
StepReport change_blocks(const RootDir& root, const Step& step) {
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
    const auto written = root.write(path, order->word);
    const auto seen = written ? root.read_text(path)
                              : Result<std::string>(forward_error(written));
    if (!seen || (trim(*seen) == "online") != online) {
      return {
          step, false,
          fmt::format("memory{}: {}", block,
                      seen ? std::string(trim(*seen)) : seen.error().problem)};
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

StepReport carry_out(const RootDir& root, ModuleLoader& modules,
                     const Step& step) {
  switch (step.kind) {
    case StepKind::load_module:
      return load_and_read_back(root, modules, step);
    case StepKind::write_attribute:
      return write_and_read_back(root, step);
    case StepKind::memory_blocks:
      return change_blocks(root, step);
    case StepKind::unit:
      return control_unit(modules, step);
    case StepKind::expect_driver:
    case StepKind::expect_released:
      break;
  }
  return check_driver(root, step);
}

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

std::string not_restored(const std::vector<StepReport>& steps) {
  std::string text;
  for (const auto& report : steps) {
    if (!report.done && is_restoration(report.step)) {
      text += report.step.value + ": " + report.seen + "; ";
    }
  }
  return text;
}

BindReport apply(const RootDir& root, ModuleLoader& modules,
                 const BindPlan& plan) {
  BindReport report;
  report.gpu = plan.gpu;
  report.done = true;
  for (const auto& step : plan.steps) {
    report.steps.push_back(carry_out(root, modules, step));
    if (!report.steps.back().done && !is_restoration(step)) {
      report.done = false;
      return report;
    }
  }
  return report;
}

}  // namespace nvgpuctl
