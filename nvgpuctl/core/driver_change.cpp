// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/driver_change.hpp"

#include <algorithm>

namespace nvgpuctl {
namespace {

constexpr std::size_t kMaxModuleName = 55;  // MODULE_NAME_LEN on 64 bits

// Writes the override where it is not yet what it is to be, and remembers it.
void set_override(BindPlan& plan, std::optional<std::string>& now,
                  const std::optional<std::string>& wanted,
                  std::string purpose) {
  if (now == wanted) {
    return;
  }
  // A lone newline clears it: Documentation/ABI/testing/sysfs-bus-pci.
  plan.steps.push_back({StepKind::write_attribute,
                        sysfs_path(plan.gpu, "driver_override"),
                        wanted.value_or("\n"), std::move(purpose)});
  now = wanted;
}

// Why the override is written last.
std::string purpose_of(const DriverState& wanted) {
  if (!wanted.driver_override) {
    return "any driver may take the GPU again";
  }
  if (wanted.driver.empty() && wanted.driver_override == kNobody) {
    return "so that no driver takes it";
  }
  return wanted.driver_override == wanted.driver
             ? "only this driver may take the GPU"
             : "as it was before";
}

}  // namespace

DriverState driver_state(const PciFunction& function) {
  return {function.driver.value_or(""), function.driver_override};
}

std::string to_string(const DriverState& state) {
  std::string text =
      state.driver.empty() ? "no driver" : "driver " + state.driver;
  if (state.driver_override) {
    text += ", driver_override " + *state.driver_override;
  }
  return text;
}

bool is_driver_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxModuleName &&
         name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') ||
                  ('0' <= c && c <= '9') || c == '_' || c == '-';
         });
}

BindPlan plan_change(const PciAddress& gpu, const DriverState& now,
                     const DriverState& wanted, DriverPresence presence) {
  BindPlan plan{gpu, now.driver, wanted.driver, {}, {}};
  auto current = now.driver_override;
  const bool moves = now.driver != wanted.driver;
  if (moves && !wanted.driver.empty()) {
    if (presence == DriverPresence::not_loaded) {
      plan.steps.push_back({StepKind::load_module, "", wanted.driver,
                            "the driver is not loaded yet"});
    }
    set_override(plan, current, wanted.driver,
                 "only this driver may take the GPU");
  }
  if (moves && !now.driver.empty()) {
    plan.steps.push_back({StepKind::write_attribute,
                          sysfs_path(gpu, "driver/unbind"), to_string(gpu),
                          "take the GPU away from " + now.driver});
  }
  if (moves && !wanted.driver.empty()) {
    plan.steps.push_back(probe_step(gpu));
  }
  set_override(plan, current, wanted.driver_override, purpose_of(wanted));
  if (moves) {
    plan.steps.push_back({StepKind::expect_driver, sysfs_path(gpu, "driver"),
                          wanted.driver, "read back who drives the GPU"});
  }
  return plan;
}

}  // namespace nvgpuctl
