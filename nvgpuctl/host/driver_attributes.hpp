// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "base/result.hpp"
#include "core/driver_attributes.hpp"
#include "core/pci_address.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// The folder nvgpu/ of a function in sysfs; nothing where the bound driver has
// none. Error: a file in it is missing, unreadable, or holds no number.
Result<std::optional<DriverAttributes>> read_driver_attributes(
    const RootDir& root, const PciAddress& address);

}  // namespace nvgpuctl
