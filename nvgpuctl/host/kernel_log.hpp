// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace nvgpuctl {

// Messages of the running kernel that are still in its buffer, oldest first:
// "12.345678 vfio-pci 0009:01:00.0: …". None without privilege.
std::vector<std::string> read_kernel_log();

}  // namespace nvgpuctl
