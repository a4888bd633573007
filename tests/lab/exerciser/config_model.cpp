// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_model.hpp"

#include <algorithm>
#include <cerrno>

namespace exerciser {
namespace {

constexpr std::uint64_t kBars = 0x10;
constexpr unsigned kBarBytes = 8;
// 64 bits wide, prefetchable: what user space must take a BAR of coherent
// memory for (PCI_BASE_ADDRESS_MEM_TYPE_64, PCI_BASE_ADDRESS_MEM_PREFETCH).
constexpr std::uint8_t kBarFlags = 0x0C;
constexpr std::uint8_t kBarFlagBits = 0x0F;

struct Range {
  std::uint64_t first;
  std::uint64_t last;
};
// Ids, revision and class, header type, subsystem ids, capability pointer.
constexpr std::array kIdentity{Range{0x00, 0x03}, Range{0x08, 0x0B},
                               Range{0x0E, 0x0E}, Range{0x2C, 0x2F},
                               Range{0x34, 0x34}};

std::uint64_t bar_offset(unsigned index) {
  return kBars + 4ULL * index;
}

}  // namespace

ConfigModel::ConfigModel(const Shape& shape) : size_(shape.config_size) {
  for (const auto& region : shape.regions) {
    bars_.push_back({.index = region.index,
                     .size = region.bar_size,
                     .ours = true,
                     .flags = kBarFlags});
  }
  for (const auto& bar : shape.core_bars) {
    bars_.push_back({.index = bar.index, .size = bar.size});
  }
}

void ConfigModel::opened(std::span<const std::uint8_t, kHeader> header) {
  std::copy(header.begin(), header.end(), header_.begin());
  memory_enabled_ = (header[kCommand] & kMemoryEnable) != 0;
  for (auto& bar : bars_) {
    bar.written = 0;
    bar.known = bar.ours ? ~0ULL : 0;
    if (!bar.ours) {
      bar.flags = header[bar_offset(bar.index)] & kBarFlagBits;
    }
  }
}

void ConfigModel::reset() {
  for (auto& bar : bars_) {
    if (bar.ours) {
      bar.written = 0;
    }
  }
}

long ConfigModel::read(std::uint64_t offset, std::uint64_t count,
                       std::vector<ConfigByte>& expected) const {
  expected.clear();
  if (count == 0) {
    return 0;
  }
  // vfio-pci-core checks the whole access before it does any of it.
  if (offset >= size_ || count > size_ - offset) {
    return -EFAULT;
  }
  for (std::uint64_t i = 0; i < count; i++) {
    expected.push_back(byte_at(offset + i));
  }
  return static_cast<long>(count);
}

long ConfigModel::write(std::uint64_t offset,
                        std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) {
    return 0;
  }
  if (offset >= size_) {
    return -EFAULT;
  }
  for (std::size_t i = 0; i < bytes.size(); i++) {
    const auto at = offset + i;
    if (at == kCommand) {
      memory_enabled_ = (bytes[i] & kMemoryEnable) != 0;
    }
    for (auto& bar : bars_) {
      const auto start = bar_offset(bar.index);
      if (at >= start && at < start + kBarBytes) {
        const auto shift = 8 * (at - start);
        bar.written &= ~(0xFFULL << shift);
        bar.written |= static_cast<std::uint64_t>(bytes[i]) << shift;
        bar.known |= 0xFFULL << shift;
      }
    }
  }
  return static_cast<long>(bytes.size());
}

ConfigByte ConfigModel::bar_byte(const Bar& bar, unsigned byte) {
  if (bar.size == 0) {
    return {.value = 0, .mask = 0};
  }
  const auto value = (bar.written & ~(bar.size - 1)) | bar.flags;
  // Bits that the size masks are known without having been written.
  const auto known = bar.known | (bar.size - 1);
  const auto shift = 8U * byte;
  return {.value = static_cast<std::uint8_t>(value >> shift),
          .mask = static_cast<std::uint8_t>(known >> shift)};
}

ConfigByte ConfigModel::byte_at(std::uint64_t offset) const {
  for (const auto& bar : bars_) {
    const auto start = bar_offset(bar.index);
    if (offset >= start && offset < start + kBarBytes) {
      return bar_byte(bar, static_cast<unsigned>(offset - start));
    }
  }
  if (offset == kCommand) {
    return {.value = memory_enabled_ ? kMemoryEnable : std::uint8_t{0},
            .mask = kMemoryEnable};
  }
  for (const auto& range : kIdentity) {
    if (offset >= range.first && offset <= range.last) {
      return {.value = header_[offset], .mask = 0xFF};
    }
  }
  return {};
}

}  // namespace exerciser
