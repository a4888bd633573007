// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/region_observation.hpp"

// Answers of VFIO's ioctls, from bytes. A driver is not trusted to fill them
// in well: attestation is there to find out.

namespace nvgpuctl {

// Bytes of struct vfio_device_info and vfio_region_info without capabilities,
// in the form that every kernel knows.
constexpr std::size_t kDeviceInfoSize = 16;
constexpr std::size_t kRegionInfoSize = 32;

// What VFIO_DEVICE_GET_INFO answered. Fails when there are fewer bytes than the
// structure has.
Result<ObservedDevice> parse_device_info(Bytes bytes);

// What VFIO_DEVICE_GET_REGION_INFO answered, with its capability chain. Chains
// that loop, leave the answer or overlap are followed as far as they make
// sense, and described in `problems`; so are areas outside the region. Fails
// when there are fewer bytes than the structure has.
Result<ObservedRegion> parse_region_info(Bytes bytes);

// The same without room for capabilities.
Result<ShortAnswer> parse_short_answer(Bytes bytes);

}  // namespace nvgpuctl
