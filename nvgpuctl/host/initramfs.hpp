// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/boot_facts.hpp"
#include "core/cpio.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// Debian's with MODULES=most and firmware of GPUs have 150 MiB.
constexpr std::size_t kMaxInitramfs = 512UL << 20U;

// Where the initramfs of a kernel is; nothing when there is none in /boot.
std::optional<std::string> find_initramfs(const RootDir& root,
                                          const std::string& release);

// What of it matters to GPUs: modules by name, and files of modprobe.d.
Result<std::vector<CpioEntry>> read_initramfs(const RootDir& root,
                                              const std::string& path);

// The same, for doctor --boot.
InitramfsFacts look_into_initramfs(const RootDir& root,
                                   const std::string& path);

}  // namespace nvgpuctl
