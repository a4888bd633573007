// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "core/check.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

// Is this host ready to pass its GPUs through: kernel, IOMMU, KVM, modules,
// libvirt and QEMU, other managers, and each GPU in a line. Sections in that
// order. On a host without a Grace GPU everything is still looked at and
// nothing is called a failure.
std::vector<CheckSection> check_host(const HostSnapshot& host,
                                     const std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
