// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "core/check.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

// The firmware and PCI part of `validate`, from the snapshot alone. Sections
// "firmware" (_DSD, ranges, alignment, overlap), "layout" (the region plan's
// numbers), "pci" (BARs, DVSEC against family), "numa" (generic initiators,
// proximity domains, SRAT against _DSD).
std::vector<CheckSection> check_gpu(const HostSnapshot& host, const Gpu& gpu,
                                    const std::vector<Gpu>& all_gpus);

}  // namespace nvgpuctl
