// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bind_plan.hpp"

namespace nvgpuctl {

// Who drives a function, and who may: all that a driver change changes.
struct DriverState {
  std::string driver;  // "" for none
  std::optional<std::string> driver_override;

  friend bool operator==(const DriverState&, const DriverState&) = default;
};

// Keeps everything off a GPU: no driver has this name (Documentation/ABI/
// testing/sysfs-bus-pci names it as the word for that).
constexpr std::string_view kNobody = "none";

DriverState driver_state(const PciFunction& function);

// "driver nvidia", "no driver, driver_override nvgrace_gpu_vfio_pci"
std::string to_string(const DriverState& state);

// What may stand in driver_override and behind modprobe: a module's name.
bool is_driver_name(std::string_view name);

enum class DriverPresence { loaded, not_loaded };

// What brings a function from one state to exactly another, whatever the
// kernel would choose by itself. A driver that is to have it and is not loaded
// is loaded under its own name.
BindPlan plan_change(const PciAddress& gpu, const DriverState& now,
                     const DriverState& wanted, DriverPresence presence);

}  // namespace nvgpuctl
