// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/result.hpp"
#include "core/region_observation.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

// Reads from an opened VFIO device everything that check_regions() judges.
// Only reads, apart from sizing the BARs 2 and 4 as every firmware does it at
// boot; their values are put back whatever happens in between. Never touches
// the memory itself.
//
// A read that the device refuses is recorded in `problems`. Errors: the device
// does not describe itself, or a BAR could not be put back.
Result<DeviceObservation> observe(VfioDevice& device);

}  // namespace nvgpuctl
