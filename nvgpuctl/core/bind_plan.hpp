// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

enum class StepKind {
  load_module,      // value: module name, and parameters behind a space
  write_attribute,  // value written to path
  expect_driver,    // path is a driver link; it must name value, or be absent
                    // when that is empty
  expect_released,  // path is a driver link; it must not name value any more
  unit,             // value: "stop UNIT" or "start UNIT", for systemctl
  memory_blocks,    // value: "offline 32-41", written to each one's state
};

// One step towards a driver change, in the words that --dry-run prints and
// apply() carries out.
struct Step {
  StepKind kind = StepKind::write_attribute;
  std::string path;
  std::string value;
  std::string purpose;  // "take the GPU away from nvidia"

  friend bool operator==(const Step&, const Step&) = default;
};

// What brings one GPU to the wanted driver. No steps: it is already there. A
// GPU that shares its IOMMU group gets no plan, so there is nobody else to
// move.
struct BindPlan {
  PciAddress gpu;
  std::string from;  // driver now, "" for none
  std::string to;    // driver afterwards; "" for none, and where the kernel
                     // will choose
  std::vector<Step> steps;
  std::vector<std::string> notes;
};

// Has the kernel look for a driver for a function that has none.
Step probe_step(const PciAddress& gpu);

// Error `needs_operator` while the kernel does not come back from a write about
// the GPU: the next one would not either.
Result<> check_not_hung(const Gpu& gpu);

// Memory of the GPU that is online as RAM of the host stands in the way of a
// bind, unless it goes offline first.
enum class OnlineMemory { blocks, goes_offline };

// To the best VFIO variant driver that is installed. Fails with not_viable and
// the first error when the GPU cannot be passed through.
Result<BindPlan> plan_bind(const HostSnapshot& host, const Gpu& gpu,
                           OnlineMemory memory = OnlineMemory::blocks);

// Gives the GPU back to the host: an override to a VFIO driver is cleared and
// the kernel chooses a driver by its own rules. Any other override stays.
Result<BindPlan> plan_unbind(const Gpu& gpu);

}  // namespace nvgpuctl
