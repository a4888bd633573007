// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/validate.hpp"

#include "core/check_table.hpp"
#include "core/gpu_check.hpp"

namespace nvgpuctl {

std::vector<CheckSection> validate(const RootDir& root,
                                   const Inventory& inventory,
                                   std::size_t gpu) {
  const Gpu& one = inventory.gpus[gpu];
  auto sections = check_gpu(inventory.host, one, inventory.gpus);
  // What an opened device shows is judged by core/region_observation.hpp and
  // read by ops/attest.hpp; no device is opened for them yet.
  SectionWriter vfio("vfio");
  if (!root.live()) {
    vfio.skip("vfio-device", "a recorded host has no device to open");
  } else if (one.driver_role == DriverRole::variant) {
    vfio.skip("vfio-device", "this version does not open VFIO devices yet");
  } else {
    vfio.skip("vfio-device", "not bound to a variant driver");
  }
  sections.push_back(vfio.take());
  return sections;
}

}  // namespace nvgpuctl
