// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/check.hpp"
#include "core/gpu.hpp"
#include "core/gpu_parts.hpp"

// The sections that check_gpu() puts together.

namespace nvgpuctl {

// Whether tables were refused for lack of privilege, so that absence proves
// nothing.
bool acpi_unreadable(const HostSnapshot& host);
constexpr std::string_view kAcpiUnreadable =
    "the ACPI tables cannot be read; run as root";

CheckSection check_firmware(const HostSnapshot& host, const Gpu& gpu,
                            const std::vector<Gpu>& all_gpus);
CheckSection check_layout(const HostSnapshot& host, const Gpu& gpu);
CheckSection check_pci(const Gpu& gpu);
CheckSection check_numa(const HostSnapshot& host, const Gpu& gpu);

}  // namespace nvgpuctl
