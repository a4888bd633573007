// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_check.hpp"

#include "core/gpu_check_sections.hpp"

namespace nvgpuctl {

bool acpi_unreadable(const HostSnapshot& host) {
  return !host.acpi.unreadable.empty();
}

std::string_view why_acpi_unreadable(const HostSnapshot& host) {
  return host.acpi.hidden ? "the ACPI tables are not visible here (in a "
                            "container?)"
                          : "the ACPI tables cannot be read; run as root";
}

std::vector<CheckSection> check_gpu(const HostSnapshot& host, const Gpu& gpu,
                                    const std::vector<Gpu>& all_gpus) {
  return {check_firmware(host, gpu, all_gpus), check_layout(host, gpu),
          check_pci(gpu), check_numa(host, gpu)};
}

}  // namespace nvgpuctl
