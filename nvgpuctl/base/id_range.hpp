// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string_view>

namespace nvgpuctl {

// Both ends belong to it.
struct IdRange {
  unsigned first = 0;
  unsigned last = 0;
};

// A piece of a list of the kernel's or libvirt's, "3" or "3-5"; nothing when
// malformed, falling, or over `limit`.
std::optional<IdRange> parse_id_range(std::string_view text, unsigned limit);

}  // namespace nvgpuctl
