// SPDX-License-Identifier: GPL-2.0-or-later
// Input: an answer of VFIO_DEVICE_GET_REGION_INFO, which is also taken as one
// of VFIO_DEVICE_GET_INFO.
#include "core/vfio_info.hpp"
#include "fuzz/require.hpp"

namespace nvgpuctl {
namespace {

// Capabilities are 8 bytes at least, each visited once at any offset, and give
// at most two lines each, and two more for the chain.
std::size_t most_problems(std::size_t size) {
  return 2 * size + 2 * (size / 16) + 2;
}

void check_region(Bytes bytes) {
  const auto region = parse_region_info(bytes);
  REQUIRE(region.has_value() == (bytes.size() >= kRegionInfoSize));
  REQUIRE(parse_short_answer(bytes).has_value() == region.has_value());
  if (!region) {
    REQUIRE(region.error().code == Errc::malformed);
    return;
  }
  REQUIRE(region->problems.size() <= most_problems(bytes.size()));
  const bool flag = (region->flags & 8U) != 0;
  REQUIRE(flag || (!region->sparse && !region->type));
  REQUIRE(flag || region->problems.empty());
  if (!region->sparse) {
    return;
  }
  REQUIRE(region->sparse->size() <= (bytes.size() - kRegionInfoSize) / 16);
  // Where nothing is wrong, every area lies inside the region.
  for (const auto& area : *region->sparse) {
    REQUIRE(!region->problems.empty() ||
            (area.size > 0 && area.offset <= region->size &&
             area.size <= region->size - area.offset));
  }
}

void check_device(Bytes bytes) {
  const auto device = parse_device_info(bytes);
  REQUIRE(device.has_value() == (bytes.size() >= kDeviceInfoSize));
  REQUIRE(!device || device->problems.size() <= most_problems(bytes.size()));
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check_region({data, size});
  nvgpuctl::check_device({data, size});
  return 0;
}
