// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/memory_overlap.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/iomem.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kTables = "/sys/firmware/acpi/tables/";

// The last byte of a range that has one. Firmware's numbers may wrap around;
// then everything above is meant.
std::uint64_t last_of(std::uint64_t base, std::uint64_t size) {
  return base + std::min(size - 1, ~base);
}

bool is_own(const Gpu& gpu, std::uint32_t pxm) {
  return gpu.gi_nodes && std::ranges::count(gpu.gi_nodes->pxms, pxm) > 0;
}

}  // namespace

std::vector<MemoryOverlap> ram_overlaps(const HostSnapshot& host,
                                        const Gpu& gpu, std::uint64_t base,
                                        std::uint64_t size) {
  std::vector<MemoryOverlap> found;
  const std::uint64_t last = size == 0 ? base : last_of(base, size);
  const auto overlap = [&](std::uint64_t from, std::uint64_t to) {
    return size > 0 && base <= to && from <= last;
  };
  if (host.acpi.srat) {
    for (const auto& memory : host.acpi.srat->memory) {
      // Hot-pluggable ranges are where memory may appear, such as this GPU's
      // own; they are no RAM yet.
      const bool ram =
          memory.enabled && !memory.hot_pluggable && memory.length > 0;
      if (ram && !is_own(gpu, memory.pxm) &&
          overlap(memory.base, last_of(memory.base, memory.length))) {
        found.push_back(
            {fmt::format("RAM of proximity domain {} at {}, size {}",
                         memory.pxm, hex(memory.base), hex(memory.length)),
             std::string(kTables) + "SRAT"});
      }
    }
  }
  for (const auto& ram : host.system_ram) {
    // Also "System RAM (kmem)" and the like: the driver refuses any of it.
    if (!is_onlined_by_nvidia(ram) && overlap(ram.first, ram.last)) {
      found.push_back(
          {fmt::format("{} {}-{}", ram.name, hex(ram.first), hex(ram.last)),
           "/proc/iomem"});
    }
  }
  return found;
}

std::vector<MemoryOverlap> gpu_overlaps(const std::vector<Gpu>& gpus,
                                        const Gpu& gpu, std::uint64_t base,
                                        std::uint64_t size) {
  std::vector<MemoryOverlap> found;
  for (const auto& other : gpus) {
    // No plan: what firmware says there cannot be anybody's memory.
    if (other.pci.address == gpu.pci.address || !other.plan || size == 0) {
      continue;
    }
    const auto first = other.memory_base->value;
    if (base <= last_of(first, other.memory_size->value) &&
        first <= last_of(base, size)) {
      found.push_back({fmt::format("the memory of {} at {}",
                                   to_string(other.pci.address), hex(first)),
                       std::string(kTables)});
    }
  }
  return found;
}

}  // namespace nvgpuctl
