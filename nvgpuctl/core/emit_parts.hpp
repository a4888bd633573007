// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"

// What more than one emitter needs.

namespace nvgpuctl {

// GPUs that can be handed to a VM, with a warning for each that is left out.
struct PassableGpus {
  std::vector<const Gpu*> gpus;  // never empty
  std::vector<std::string> warnings;
};

// `target` stands in the error of a host that has none.
Result<PassableGpus> passable_gpus(std::string_view target,
                                   std::span<const Gpu> gpus);

// Warns of those that no VM can have before somebody binds them.
void warn_of_unbound(PassableGpus& passable);

// "10de:2342"
std::string pci_id(const Gpu& gpu);
// Each id once, ascending.
std::vector<std::uint16_t> device_ids(std::span<const Gpu* const> gpus);

std::size_t count_state(std::span<const Gpu> gpus, GpuState state);
// At least one GPU, and none of them blocked or degraded.
bool all_healthy(std::span<const Gpu> gpus);

// Ids of its reasons, each once: {"NVG-E012"}.
std::vector<std::string> reason_ids(const Gpu& gpu);

// "GH200-120GB", for readers that take no blanks: letters and digits, with
// dashes between. At most 63 characters; never empty.
std::string plain_name(const Gpu& gpu);

// Comment lines that begin a file: `intro`, then each warning.
std::string head(std::string_view intro, std::span<const std::string> warnings);

}  // namespace nvgpuctl
