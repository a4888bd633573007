// SPDX-License-Identifier: GPL-2.0-or-later
#include "sparse_memory.hpp"

#include <algorithm>
#include <cassert>

namespace exerciser {

std::vector<std::uint64_t> SparseMemory::known_pages() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(pages_.size());
  for (const auto& [number, bytes] : pages_) {
    numbers.push_back(number);
  }
  return numbers;
}

void SparseMemory::read(std::uint64_t offset,
                        std::span<std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const auto start = offset % kPage;
    const auto count = std::min<std::size_t>(bytes.size(), kPage - start);
    const auto& page = pages_.at(offset / kPage);
    std::copy_n(page.begin() + static_cast<std::ptrdiff_t>(start), count,
                bytes.begin());
    bytes = bytes.subspan(count);
    offset += count;
  }
}

void SparseMemory::write(std::uint64_t offset,
                         std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto start = offset % kPage;
    const auto count = std::min<std::size_t>(bytes.size(), kPage - start);
    assert(count == kPage || knows_page(offset / kPage));
    std::copy_n(
        bytes.begin(), count,
        pages_[offset / kPage].begin() + static_cast<std::ptrdiff_t>(start));
    bytes = bytes.subspan(count);
    offset += count;
  }
}

}  // namespace exerciser
