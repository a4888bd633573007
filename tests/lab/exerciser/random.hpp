// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace exerciser {

// SplitMix64. The standard's distributions differ between libraries; a seed
// has to mean the same sequence for everybody who replays it.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t value = state_ += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }
  // 0 to bound - 1; the slight bias of a remainder does not matter here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }
  void fill(std::span<std::uint8_t> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); i++) {
      value = i % sizeof(value) == 0 ? next() : value >> 8U;
      bytes[i] = static_cast<std::uint8_t>(value);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace exerciser
