// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

// Names of kernel modules. A file has the one that its maker chose, with '-';
// the kernel knows the module by the same with '_'. modprobe takes both.

namespace nvgpuctl {

// "kernel/drivers/vfio/nvgrace-gpu-vfio-pci.ko.xz" → "nvgrace-gpu-vfio-pci"
std::string_view module_file_stem(std::string_view file);

// As the kernel has it: "nvgrace-gpu-vfio-pci" → "nvgrace_gpu_vfio_pci"
std::string kernel_module_name(std::string_view module);

// Of files: "updates/nvgrace-gpu-vfio-pci.ko" → "nvgrace_gpu_vfio_pci"
std::string module_of_file(std::string_view file);

// Whether it is a driver of the host's for NVIDIA's GPUs: nouveau, nvidia, or
// what Debian calls the latter: nvidia_current, nvidia_current_open,
// nvidia_tesla, nvidia_tesla_535. Their aliases match every NVIDIA GPU. Takes
// the kernel's spelling.
bool is_host_driver(std::string_view module);

// '-' and '_' are the same.
bool same_module(std::string_view a, std::string_view b);

}  // namespace nvgpuctl
