// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "core/boot_facts.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// The kernels below /lib/modules with their variant drivers and initramfs, and
// what holds for all of them; the policy is not read. `running` is the release
// of the running kernel.
BootFacts read_boot_files(const RootDir& root, const std::string& running,
                          std::string_view command_line);

}  // namespace nvgpuctl
