// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace exerciser {

// What a region's memory must hold, as far as it was written to. Pages of
// 4 KiB, whatever the kernel's are.
class SparseMemory {
 public:
  static constexpr std::uint64_t kPage = 4096;

  bool knows_page(std::uint64_t page) const { return pages_.contains(page); }
  std::vector<std::uint64_t> known_pages() const;

  // Every page must be known.
  void read(std::uint64_t offset, std::span<std::uint8_t> bytes) const;
  // A page that was not known must be written as a whole.
  void write(std::uint64_t offset, std::span<const std::uint8_t> bytes);

 private:
  // Ordered, so that going through all of it is the same in every run.
  std::map<std::uint64_t, std::array<std::uint8_t, kPage>> pages_;
};

}  // namespace exerciser
