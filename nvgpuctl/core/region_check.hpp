// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "core/driver_attributes.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "core/region_observation.hpp"

namespace nvgpuctl {

// Whose device was observed, and what everybody else says of it.
struct VfioSubject {
  const HostSnapshot& host;
  const Gpu& gpu;
  // Nothing where another driver than ours is bound, the kernel's own included.
  std::optional<DriverAttributes> attributes;
};

// The regions that the driver ought to show: firmware's memory in the layout
// that the driver was told to use. Without parts where nobody names a memory.
RegionPlan expected_regions(const VfioSubject& subject);

// Joined with semicolons: the first few, and how many there are more.
std::string list_text(const std::vector<std::string>& lines);

// Section "vfio" of `validate`.
CheckSection check_regions(const VfioSubject& subject,
                           const DeviceObservation& seen);

}  // namespace nvgpuctl
