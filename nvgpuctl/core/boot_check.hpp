// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "core/boot_facts.hpp"
#include "core/check.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

// What becomes of the GPUs at the next boot: first a section "boot" with what
// holds for every kernel, then one for each kernel, in the order of the facts.
// A kernel that is older than the running one, or that has no image to be
// booted, fails nothing.
std::vector<CheckSection> check_boot(const BootFacts& facts,
                                     const std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
