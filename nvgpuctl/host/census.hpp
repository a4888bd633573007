// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "core/census.hpp"
#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// Looks once at every process of the host, and at who uses the modules and
// device nodes of these functions. Without root, other users' processes stay
// unseen, and are counted.
Census read_census(const RootDir& root, const std::vector<PciFunction>& gpus);

// The memory blocks of a NUMA node that are online.
OnlineBlocks read_online_blocks(const RootDir& root, unsigned node);

// Whether a daemon of libvirt's runs that knows of QEMU's domains. Asking when
// none does would start one.
bool libvirt_runs(const Census& census);

}  // namespace nvgpuctl
