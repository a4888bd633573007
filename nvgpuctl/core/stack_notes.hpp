// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/gpu.hpp"

namespace nvgpuctl {

// Those that write domains themselves.
enum class Stack { kubevirt, nova };
std::string_view to_string(Stack stack);
inline constexpr std::array<std::string_view, 2> kStackNames{"kubevirt",
                                                             "nova"};

// KubeVirt builds a Grace guest for a few ids only: cells, window, vIOMMU.
bool known_to_kubevirt(std::uint16_t device_id);

// What the stack builds of a domain with these GPUs, what it does not, and what
// is to be done about it; a sentence or two each. `window` is what the GPUs
// need, in bytes.
std::vector<std::string> stack_notes(Stack stack,
                                     std::span<const Gpu* const> gpus,
                                     std::uint64_t window);

}  // namespace nvgpuctl
