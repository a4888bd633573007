// SPDX-License-Identifier: GPL-2.0-or-later
// read() and write() of the fake device: what the kernel does around the
// driver's code, and what a driver with a flaw would have done instead.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fake_device.hpp"
#include "kmod/driver_c.h"

namespace exerciser {
namespace {

constexpr std::uint64_t kOffsetMask = (1ULL << kRegionShift) - 1;
constexpr std::uint64_t kBar2 = 0x18;
constexpr std::uint64_t kBar4 = 0x20;
constexpr std::uint64_t kBehindBars = 0x28;

}  // namespace

long FakeDevice::read(unsigned /*slot*/, std::uint64_t offset,
                      std::span<const Piece> pieces) {
  return transfer(offset, pieces, false);
}

long FakeDevice::write(unsigned /*slot*/, std::uint64_t offset,
                       std::span<const Piece> pieces) {
  return transfer(offset, pieces, true);
}

// A driver without an iterator interface is called once for each buffer.
long FakeDevice::transfer(std::uint64_t offset, std::span<const Piece> pieces,
                          bool writing) {
  long all = 0;
  for (const auto& piece : pieces) {
    const auto part = one_transfer(offset, piece, writing);
    if (part < 0) {
      return all > 0 ? all : part;
    }
    all += part;
    if (part != static_cast<long>(piece.size)) {
      break;
    }
  }
  return all;
}

long FakeDevice::one_transfer(std::uint64_t& offset, const Piece& piece,
                              bool writing) {
  const auto region = static_cast<unsigned>(offset >> kRegionShift);
  const auto start = offset & kOffsetMask;
  auto position = static_cast<long long>(offset);
  if (piece.size == 0) {
    return 0;
  }
  driver_end_user(piece.present < piece.size ? piece.data + piece.present
                                             : nullptr);
  long result = -EINVAL;
  if (region == kConfigRegion) {
    result = writing ? write_config(piece, position)
                     : read_config(start, piece, position);
  } else if (shape_.find(region) != nullptr) {
    result = writing ? write_memory(region, start, piece, position)
                     : read_memory(region, start, piece, position);
    if (result > 0 && piece.present < piece.size &&
        flawed(Flaw::bad_buffer_counts_all)) {
      result = static_cast<long>(piece.size);
    }
  }
  driver_end_user(nullptr);
  offset = static_cast<std::uint64_t>(position);
  return result;
}

long FakeDevice::read_memory(unsigned region, std::uint64_t start,
                             const Piece& piece, long long& position) {
  const auto before = position;
  auto result = driver_memory_read(region, piece.data, piece.size, &position);
  if (result <= 0) {
    if (flawed(Flaw::failed_read_touches_buffer) && piece.present > 0) {
      piece.data[0] = 0;
    }
    return result;
  }
  if (flawed(Flaw::position_not_advanced)) {
    position = before;
  }
  const auto size = shape_.find(region)->size;
  const auto count = static_cast<std::uint64_t>(result);
  const auto memory = start < size ? std::min(count, size - start) : 0;
  if (flawed(Flaw::tail_reads_zero)) {
    std::fill(piece.data + memory, piece.data + count, std::uint8_t{0});
  }
  if (flawed(Flaw::tail_aliases_last_page)) {
    const auto page = shape_.page_size;
    for (auto i = memory; i < count; i++) {
      piece.data[i] =
          memories_.at(region).bytes[size - page + (start + i) % page];
    }
  }
  if (flawed(Flaw::read_short_at_end_of_memory) && memory > 0) {
    return static_cast<long>(memory);
  }
  return result;
}

long FakeDevice::write_memory(unsigned region, std::uint64_t start,
                              const Piece& piece, long long& position) {
  auto& bytes = memories_.at(region).bytes;
  const auto page = shape_.page_size;
  const auto edge = (start + page - 1) / page * page;  // first behind a page
  const bool crosses = edge > start && start + piece.present > edge &&
                       edge <= shape_.find(region)->size;
  const std::uint8_t lost = crosses ? bytes[edge - 1] : std::uint8_t{0};
  if (flawed(Flaw::tail_write_fails) && start >= shape_.find(region)->size) {
    return -EINVAL;
  }
  const auto result =
      driver_memory_write(region, piece.data, piece.size, &position);
  if (crosses && flawed(Flaw::write_loses_last_byte_of_page)) {
    bytes[edge - 1] = lost;
  }
  return result;
}

long FakeDevice::read_config(std::uint64_t start, const Piece& piece,
                             long long& position) {
  const auto result = driver_config_read(piece.data, piece.size, &position);
  if (result <= 0) {
    return result;
  }
  const auto end = start + static_cast<std::uint64_t>(result);
  for (auto at = std::max(start, kBar2); at < std::min(end, kBehindBars);
       at++) {
    auto& byte = piece.data[at - start];
    const bool behind_first = start < kBar4 && at >= kBar4;
    if (flawed(Flaw::config_read_patches_first_bar_only) && behind_first) {
      byte = driver_core_byte(at);
    }
    if (flawed(Flaw::bar_keeps_low_bits) && at % 8 == 1) {
      byte = 1;
    }
  }
  return result;
}

long FakeDevice::write_config(const Piece& piece, long long& position) {
  const auto start = static_cast<std::uint64_t>(position) & kOffsetMask;
  auto count = piece.size;
  if (flawed(Flaw::config_write_short_between_bars) && start < kBar4 &&
      start + count > kBar4) {
    count = kBar4 - start;
  }
  const auto result = driver_config_write(piece.data, count, &position);
  settle_config();
  return result;
}

}  // namespace exerciser
