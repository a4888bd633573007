// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

#include "support/fake_kernel.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {

// Puts the recorded host with four GPUs below `fake`, alive: two GPUs are
// bound, one has no driver, and one is with plain vfio-pci.
inline void put_four_gpus(FakeRoot& fake, FakeKernel& kernel) {
  std::filesystem::copy(RECORDED_HOSTS "/gh200-x4", fake.path(),
                        std::filesystem::copy_options::recursive |
                            std::filesystem::copy_options::copy_symlinks |
                            std::filesystem::copy_options::overwrite_existing);
  fake.directory("/var/lib").directory("/run");
  fake.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
  fake.driver("0009:01:00.0", "nvgrace_gpu_vfio_pci");
  fake.driver("0039:01:00.0", "vfio-pci");
  kernel.offer("nvgrace_gpu_vfio_pci");
  kernel.offer("vfio-pci");
}

}  // namespace nvgpuctl
