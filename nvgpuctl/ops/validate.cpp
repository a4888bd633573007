// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include "core/gpu_check.hpp"

namespace nvgpuctl {

std::vector<CheckSection> validate(const RootDir& root,
                                   const Inventory& inventory,
                                   std::size_t gpu) {
  const Gpu& one = inventory.gpus[gpu];
  auto sections = check_gpu(inventory.host, one, inventory.gpus);
  // The checks of opened devices are in core/region_observation and ops/attest;
  // no device is opened for them yet.
  Check regions;
  regions.id = "vfio-regions";
  regions.title = "regions that VFIO shows";
  regions.verdict = Verdict::skipped;
  if (!root.live()) {
    regions.seen = "a recorded host has no device to open";
  } else if (one.driver_role == DriverRole::variant) {
    regions.seen = "this version does not open VFIO devices yet";
  } else {
    regions.seen = "not bound to a variant driver";
  }
  sections.push_back({"vfio", {std::move(regions)}});
  return sections;
}

}  // namespace nvgpuctl
