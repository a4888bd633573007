// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/fd.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

// A device that the kernel has opened. `iommu` is its container or IOMMUFD and
// `group` its group, where it was opened through one; all close with it.
std::unique_ptr<VfioDevice> make_kernel_device(Fd iommu, Fd group, Fd device);

// Asks with room for `least` bytes, and again with as much as the first answer
// says in its first dword (argsz). `ask` gets a zeroed buffer with argsz filled
// in and returns 0 or an errno. Error: it refuses, or wants more than 64 KiB.
Result<std::vector<std::uint8_t>> ask_with_growing_room(
    const std::string& subject, std::size_t least,
    const std::function<int(std::span<std::uint8_t>)>& ask);

}  // namespace nvgpuctl
