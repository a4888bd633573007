// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "core/region_observation.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

struct AttestOptions {
  std::size_t page_size = 4096;
  // Offset of the CXL device DVSEC in configuration space, for a GPU whose
  // readiness stands there and not in BAR 0.
  std::optional<std::uint16_t> cxl_dvsec;
  // Opening the device resets it, and its memory may have to train again. The
  // driver itself waits as long.
  std::chrono::milliseconds ready_timeout{30'000};
  // How to wait, and whom to tell that there is a wait.
  std::function<void(std::chrono::milliseconds)> pause;
  std::function<void(std::string_view)> tell;
};

// Reads from an opened VFIO device everything that check_regions() judges.
//
// It reads and maps, and touches no memory of the GPU. What it writes is in
// VFIO's copy of configuration space: all ones to the BARs 2 and 4, as every
// firmware does at boot, and memory decode into the command register. Both are
// put back whatever happens in between, and would be gone with the device's
// file descriptor even if this process were killed.
//
// A read that the device refuses is recorded in `problems`. Errors: the device
// does not describe itself, or a register could not be put back.
Result<DeviceObservation> observe(VfioDevice& device,
                                  const AttestOptions& options);

}  // namespace nvgpuctl
