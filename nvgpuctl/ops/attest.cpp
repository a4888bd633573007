// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest.hpp"

#include <fmt/format.h>

#include <array>

#include "base/bytes.hpp"

namespace nvgpuctl {
namespace {

constexpr unsigned kConfigRegion = 7;  // VFIO_PCI_CONFIG_REGION_INDEX
// The registers, BAR 0, the two that may show memory, configuration space.
constexpr std::array<unsigned, 4> kRegions{0, 2, 4, kConfigRegion};

// BAR 0 of the GPU; mainline drivers/vfio/pci/nvgrace-gpu/main.c polls them.
constexpr std::uint64_t kC2cReadyOffset = 0x1498;
constexpr std::uint64_t kHbmReadyOffset = 0x200BC;

constexpr std::uint64_t kBar0Offset = 0x10;  // PCI_BASE_ADDRESS_0
constexpr std::uint32_t kSizingValue = 0xFFFFFFFF;

class Observer {
 public:
  explicit Observer(VfioDevice& device) : device_(device) {}

  Result<DeviceObservation> run();

 private:
  std::optional<std::uint8_t> read_tail(unsigned index);
  std::optional<std::uint32_t> read_register(std::uint64_t offset);
  Result<std::optional<std::uint64_t>> size_bar(unsigned index);
  Result<> restore_bar(unsigned index, std::uint64_t value);
  std::optional<std::uint64_t> read_bar(unsigned index);
  const ObservedRegion* region(unsigned index) const;
  void note(const std::string& what, const Error& error);

  VfioDevice& device_;
  DeviceObservation seen_;
};

Result<DeviceObservation> Observer::run() {
  auto info = device_.device_info();
  if (!info) {
    return forward_error(info);
  }
  seen_.flags = info->flags;
  seen_.num_regions = info->num_regions;
  for (const unsigned index : kRegions) {
    if (index >= info->num_regions) {
      continue;
    }
    auto one = device_.region_info(index);
    if (!one) {
      return forward_error(one);
    }
    seen_.regions.push_back(std::move(*one));
  }
  seen_.tail2 = read_tail(2);
  seen_.tail4 = read_tail(4);
  seen_.c2c_ready = read_register(kC2cReadyOffset);
  seen_.hbm_ready = read_register(kHbmReadyOffset);
  auto mask2 = size_bar(2);
  if (!mask2) {
    return forward_error(mask2);
  }
  seen_.bar2_mask = *mask2;
  auto mask4 = size_bar(4);
  if (!mask4) {
    return forward_error(mask4);
  }
  seen_.bar4_mask = *mask4;
  return std::move(seen_);
}

// One byte behind the backed part of a region, if it has such a tail.
std::optional<std::uint8_t> Observer::read_tail(unsigned index) {
  const ObservedRegion* shown = region(index);
  if (shown == nullptr || !shown->sparse || shown->sparse->size() != 1) {
    return std::nullopt;
  }
  const auto& area = shown->sparse->front();
  std::uint64_t end = 0;
  if (__builtin_add_overflow(area.offset, area.size, &end) ||
      end >= shown->size) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 1> byte{};
  const auto read = device_.read(index, end, byte);
  if (!read) {
    note(fmt::format("region {} at {:#x}", index, end), read.error());
    return std::nullopt;
  }
  return byte[0];
}

std::optional<std::uint32_t> Observer::read_register(std::uint64_t offset) {
  std::array<std::uint8_t, 4> bytes{};
  const ObservedRegion* shown = region(0);
  if (shown == nullptr || shown->size < offset + bytes.size()) {
    return std::nullopt;
  }
  const auto read = device_.read(0, offset, bytes);
  if (!read) {
    note(fmt::format("region 0 at {:#x}", offset), read.error());
    return std::nullopt;
  }
  return read_le<std::uint32_t>(bytes, 0);
}

// The mask that a BAR answers when all ones are written to it.
Result<std::optional<std::uint64_t>> Observer::size_bar(unsigned index) {
  const ObservedRegion* shown = region(index);
  const bool sizable =
      shown != nullptr && shown->size != 0 && region(kConfigRegion) != nullptr;
  const auto original = sizable ? read_bar(index) : std::nullopt;
  if (!original) {
    return std::optional<std::uint64_t>();
  }
  const std::uint64_t low = kBar0Offset + std::uint64_t{4} * index;
  std::optional<std::uint64_t> mask;
  auto written = device_.write_config(low, kSizingValue);
  if (written) {
    written = device_.write_config(low + 4, kSizingValue);
  }
  if (written) {
    mask = read_bar(index);
  } else {
    note(fmt::format("sizing BAR {}", index), written.error());
  }
  auto restored = restore_bar(index, *original);
  if (!restored) {
    return forward_error(restored);
  }
  return mask;
}

// Both halves are tried even if one fails.
Result<> Observer::restore_bar(unsigned index, std::uint64_t value) {
  const std::uint64_t low = kBar0Offset + std::uint64_t{4} * index;
  const auto first = device_.write_config(
      low, static_cast<std::uint32_t>(value & 0xFFFFFFFFU));
  const auto second =
      device_.write_config(low + 4, static_cast<std::uint32_t>(value >> 32U));
  if (!first || !second) {
    const Error& error = first ? second.error() : first.error();
    return fail(Errc::io, fmt::format("BAR {}", index),
                fmt::format("its value {:#x} could not be put back: {}", value,
                            error.problem),
                "close the device and bind it again before a guest uses it");
  }
  return {};
}

// Four bytes at a time: the driver's emulation does not promise that a read
// across two registers is patched in both.
std::optional<std::uint64_t> Observer::read_bar(unsigned index) {
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> all(bytes);
  const std::uint64_t low = kBar0Offset + std::uint64_t{4} * index;
  auto read = device_.read(kConfigRegion, low, all.first(4));
  if (read) {
    read = device_.read(kConfigRegion, low + 4, all.last(4));
  }
  if (!read) {
    note(fmt::format("configuration space at {:#x}", low), read.error());
    return std::nullopt;
  }
  return read_le<std::uint64_t>(bytes, 0);
}

const ObservedRegion* Observer::region(unsigned index) const {
  for (const auto& one : seen_.regions) {
    if (one.index == index) {
      return &one;
    }
  }
  return nullptr;
}

void Observer::note(const std::string& what, const Error& error) {
  seen_.problems.push_back(what + ": " + error.problem);
}

}  // namespace

Result<DeviceObservation> observe(VfioDevice& device) {
  return Observer(device).run();
}

}  // namespace nvgpuctl
