// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/check.hpp"
#include "host/root_dir.hpp"
#include "host/vfio_open.hpp"
#include "ops/attest_gpu.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

struct Validation {
  std::vector<CheckSection> sections;
  // What a guest is shown or, of a GPU that is not bound, would be.
  std::optional<RegionPlan> regions;
};

// Every check of one GPU, an index into `inventory.gpus`: firmware, layout, PCI
// and NUMA from what was read, and "vfio" from the device itself. What cannot
// be looked at is a skipped check that says why. Error: `busy` when somebody
// has the device.
Result<Validation> validate(const RootDir& root, const Inventory& inventory,
                            std::size_t gpu, VfioOpener& vfio,
                            const LiveOptions& options);

}  // namespace nvgpuctl
