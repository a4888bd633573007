// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// Messages of the running kernel that are still in its buffer, oldest first:
// "12.345678 vfio-pci 0009:01:00.0: …". None without privilege. Of a host that
// is not live: the lines of a file /dev/kmsg, where somebody has put one.
std::vector<std::string> read_kernel_log(const RootDir& root);

// The newest messages that name the subject, oldest first.
std::vector<std::string> kernel_log_about(const RootDir& root,
                                          std::string_view subject,
                                          std::size_t most);

}  // namespace nvgpuctl
