// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/boot_facts.hpp"
#include "host/root_dir.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

// What decides about a host's GPUs at its next boot.
BootFacts read_boot(const RootDir& root, const Inventory& inventory);

}  // namespace nvgpuctl
