// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_check.hpp"

#include "core/gpu_check_sections.hpp"

namespace nvgpuctl {

bool acpi_unreadable(const HostSnapshot& host) {
  return !host.acpi.unreadable.empty();
}

std::vector<CheckSection> check_gpu(const HostSnapshot& host, const Gpu& gpu,
                                    const std::vector<Gpu>& all_gpus) {
  return {check_firmware(host, gpu, all_gpus), check_layout(host, gpu),
          check_pci(gpu), check_numa(host, gpu)};
}

}  // namespace nvgpuctl
