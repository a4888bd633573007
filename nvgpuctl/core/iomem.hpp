// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "core/host_snapshot.hpp"

namespace nvgpuctl {

// The "System RAM…" lines of /proc/iomem. Ranges of zeroes, which the kernel
// shows to unprivileged readers, are left out.
std::vector<IomemRange> parse_system_ram(std::string_view iomem);

// Whether the nvidia driver has added it: it is a GPU's own memory.
bool is_onlined_by_nvidia(const IomemRange& ram);

}  // namespace nvgpuctl
