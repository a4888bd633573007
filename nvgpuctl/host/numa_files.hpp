// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// /sys/devices/system/node. Empty on kernels without NUMA; unusable files are
// named in `problems`.
NumaFacts read_numa(const RootDir& root, std::vector<std::string>& problems);

}  // namespace nvgpuctl
