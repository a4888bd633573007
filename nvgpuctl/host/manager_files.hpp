// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/managers.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// What the files of driverctl, modprobe and libvirt say of GPUs.
ManagerFacts read_managers(const RootDir& root, std::string_view command_line);

}  // namespace nvgpuctl
