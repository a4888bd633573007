// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// Release, machine, page size (live only), build configuration, command line.
KernelFacts read_kernel(const RootDir& root,
                        std::vector<std::string>& problems);

// VFIO aliases and the variant driver's files of the running kernel's modules.
ModuleFacts read_modules(const RootDir& root, const std::string& release,
                         std::vector<std::string>& problems);

// Device nodes, huge pages, and on a live arm64 host what KVM can do.
VirtualizationFacts read_virtualization(const RootDir& root);

}  // namespace nvgpuctl
