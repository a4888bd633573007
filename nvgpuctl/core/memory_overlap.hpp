// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/gpu.hpp"

// Who else has the addresses at which firmware puts the memory of a GPU.

namespace nvgpuctl {

struct MemoryOverlap {
  std::string what;   // "RAM of proximity domain 2 at 0x…, size 0x…"
  std::string place;  // the file that says so
};

// RAM of the host, in SRAT and in /proc/iomem. Not what SRAT gives to the GPU's
// own domains: that is the memory itself.
std::vector<MemoryOverlap> ram_overlaps(const HostSnapshot& host,
                                        const Gpu& gpu, std::uint64_t base,
                                        std::uint64_t size);

// Memory of other GPUs; of those whose range can be one.
std::vector<MemoryOverlap> gpu_overlaps(const std::vector<Gpu>& gpus,
                                        const Gpu& gpu, std::uint64_t base,
                                        std::uint64_t size);

}  // namespace nvgpuctl
