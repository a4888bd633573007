// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace nvgpuctl {

using Bytes = std::span<const std::uint8_t>;

// A little-endian integer at an offset, or nothing when it would reach past
// the end. The only way our parsers look at firmware and config-space bytes.
template <class Integer>
std::optional<Integer> read_le(Bytes bytes, std::size_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Integer)) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    value = value << 8U | bytes[offset + i];
  }
  return static_cast<Integer>(value);
}

}  // namespace nvgpuctl
