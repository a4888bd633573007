// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/check.hpp"
#include "core/gpu.hpp"
#include "core/gpu_parts.hpp"

// The sections that check_gpu() puts together.

namespace nvgpuctl {

// Whether tables were refused for lack of privilege or are not to be seen at
// all, so that absence proves nothing; and which of both.
bool acpi_unreadable(const HostSnapshot& host);
std::string_view why_acpi_unreadable(const HostSnapshot& host);

CheckSection check_firmware(const HostSnapshot& host, const Gpu& gpu,
                            const std::vector<Gpu>& all_gpus);
CheckSection check_layout(const HostSnapshot& host, const Gpu& gpu);
CheckSection check_pci(const Gpu& gpu);
CheckSection check_numa(const HostSnapshot& host, const Gpu& gpu);

}  // namespace nvgpuctl
