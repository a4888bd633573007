// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl::cli {

// "64GiB", "64 GiB", "64G" or "65536MiB" in bytes. A number alone is refused:
// libvirt would read it as KiB and QEMU as MiB. So are decimal units.
Result<std::uint64_t> parse_size(std::string_view option,
                                 std::string_view text);

}  // namespace nvgpuctl::cli
