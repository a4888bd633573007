// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "base/bytes.hpp"

namespace nvgpuctl::gpusim {

// What software wrote into a BAR. A BAR may have 512 GiB, so only pages that
// were written exist, and no more than a few: what is written beyond them is
// dropped, so that a rough guest cannot eat the test machine's memory.
class BarMemory {
 public:
  static constexpr std::size_t kPageSize = 4096;
  static constexpr std::size_t kMaxPages = 256;

  // What was never written reads as zero.
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  void write(std::uint64_t offset, Bytes data);
  void clear() { pages_.clear(); }
  std::size_t pages() const { return pages_.size(); }

 private:
  using Page = std::array<std::uint8_t, kPageSize>;

  std::map<std::uint64_t, Page> pages_;
};

}  // namespace nvgpuctl::gpusim
