// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
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

// The same the other way round.
template <class Integer>
std::array<std::uint8_t, sizeof(Integer)> to_le(Integer value) {
  std::array<std::uint8_t, sizeof(Integer)> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(std::uint64_t{value} >> (8U * i));
  }
  return bytes;
}

}  // namespace nvgpuctl
