// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/bar_memory.hpp"

#include <algorithm>

namespace nvgpuctl::gpusim {
namespace {

// The part of an access that falls into one page.
struct Piece {
  std::uint64_t page;
  std::size_t at;      // in the page
  std::size_t length;  // at least 1
};

Piece piece_at(std::uint64_t offset, std::size_t wanted) {
  const auto at = static_cast<std::size_t>(offset % BarMemory::kPageSize);
  return {offset / BarMemory::kPageSize, at,
          std::min(wanted, BarMemory::kPageSize - at)};
}

}  // namespace

void BarMemory::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const auto piece = piece_at(offset, out.size());
    const auto page = pages_.find(piece.page);
    if (page == pages_.end()) {
      std::fill_n(out.begin(), piece.length, std::uint8_t{0});
    } else {
      std::copy_n(&page->second.at(piece.at), piece.length, out.begin());
    }
    out = out.subspan(piece.length);
    offset += piece.length;
  }
}

void BarMemory::write(std::uint64_t offset, Bytes data) {
  while (!data.empty()) {
    const auto piece = piece_at(offset, data.size());
    if (pages_.size() < kMaxPages || pages_.count(piece.page) != 0) {
      // A new page is all zeros.
      std::copy_n(data.begin(), piece.length, &pages_[piece.page].at(piece.at));
    }
    data = data.subspan(piece.length);
    offset += piece.length;
  }
}

}  // namespace nvgpuctl::gpusim
