// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/gpu.hpp"

namespace nvgpuctl {

// What speaks for passing the GPU through, a sentence each, from what was
// read: the other half of an explanation beside the findings. A fact that is
// missing or contradicted is left out here, as a finding says it.
std::vector<std::string> grounds(const HostSnapshot& host, const Gpu& gpu);

}  // namespace nvgpuctl
