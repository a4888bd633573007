// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace nvgpuctl {

// What our driver says of a GPU in sysfs; docs/ABI/testing describes each.
struct DriverAttributes {
  std::string layout;  // "split", "single", "plain"
  std::uint64_t coherent_base = 0;
  std::uint64_t coherent_size = 0;  // bytes
  std::uint64_t usable_size = 0;
  std::uint64_t reserved_size = 0;
  bool ready = false;
  std::string fallback_reason;  // "none", or the name of a reason

  friend bool operator==(const DriverAttributes&,
                         const DriverAttributes&) = default;
};

}  // namespace nvgpuctl
