// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"
#include "core/device_event.hpp"

namespace nvgpuctl::cli {

// An event that concerns a GPU, and what has changed since the one before.
struct MonitorRecord {
  std::string time;  // "2026-01-31T12:00:00Z"
  DeviceEvent event;
  EventRelation relation;
  std::vector<StandingChange> changes;
};

Json monitor_json(const MonitorRecord& record);
// One line.
void print_monitor(Context& context, const MonitorRecord& record);

}  // namespace nvgpuctl::cli
