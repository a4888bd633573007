// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/config_registers.hpp"

#include <fmt/format.h>

#include <array>

#include "base/bytes.hpp"

namespace nvgpuctl {
namespace {

// <linux/pci_regs.h>
constexpr std::uint64_t kCommandOffset = 0x04;  // PCI_COMMAND
constexpr std::uint16_t kMemoryDecode = 0x2;    // PCI_COMMAND_MEMORY
constexpr std::uint64_t kBar0Offset = 0x10;     // PCI_BASE_ADDRESS_0
constexpr std::uint32_t kAllOnes = 0xFFFFFFFF;

constexpr std::string_view kReopen =
    "unbind the GPU and bind it again before a guest uses it";

Result<> write_word(VfioDevice& device, std::uint64_t offset,
                    std::uint32_t value) {
  return device.write(kConfigRegion, offset, to_le(value));
}

// Four bytes at a time: mainline's emulation patches only the first BAR of a
// read that spans two.
std::optional<std::uint64_t> read_bar(VfioDevice& device, std::uint64_t offset,
                                      std::vector<std::string>& problems) {
  const auto low = read_word(device, kConfigRegion, offset, problems);
  const auto high = low ? read_word(device, kConfigRegion, offset + 4, problems)
                        : std::nullopt;
  if (!high) {
    return std::nullopt;
  }
  return std::uint64_t{*high} << 32U | *low;
}

// Both halves are tried even if the first fails.
Result<> write_bar(VfioDevice& device, std::uint64_t offset,
                   std::uint64_t value) {
  auto low =
      write_word(device, offset, static_cast<std::uint32_t>(value & kAllOnes));
  auto high =
      write_word(device, offset + 4, static_cast<std::uint32_t>(value >> 32U));
  return low ? high : low;
}

}  // namespace

std::optional<std::uint32_t> read_word(VfioDevice& device, unsigned region,
                                       std::uint64_t offset,
                                       std::vector<std::string>& problems) {
  std::array<std::uint8_t, 4> bytes{};
  const auto read = device.read(region, offset, bytes);
  if (!read) {
    problems.push_back(fmt::format("region {} at {:#x}: {}", region, offset,
                                   read.error().problem));
    return std::nullopt;
  }
  return read_le<std::uint32_t>(bytes, 0);
}

Result<std::optional<BarSizing>> size_bar(VfioDevice& device, unsigned index,
                                          std::vector<std::string>& problems) {
  const std::uint64_t offset = kBar0Offset + std::uint64_t{4} * index;
  const auto before = read_bar(device, offset, problems);
  if (!before) {
    return std::optional<BarSizing>();
  }
  const auto sized = write_bar(device, offset, ~std::uint64_t{0});
  if (!sized) {
    problems.push_back(
        fmt::format("sizing BAR {}: {}", index, sized.error().problem));
  }
  const auto mask = sized ? read_bar(device, offset, problems) : std::nullopt;
  const auto restored = write_bar(device, offset, *before);
  if (!restored) {
    return fail(Errc::io, fmt::format("BAR {}", index),
                fmt::format("its value {:#x} could not be put back: {}",
                            *before, restored.error().problem),
                std::string(kReopen));
  }
  const auto after = mask ? read_bar(device, offset, problems) : std::nullopt;
  if (!after) {
    return std::optional<BarSizing>();
  }
  return std::optional(BarSizing{*before, *mask, *after});
}

std::optional<std::uint16_t> MemoryDecode::read(
    std::vector<std::string>& problems) {
  std::array<std::uint8_t, 2> bytes{};
  const auto done = device_.read(kConfigRegion, kCommandOffset, bytes);
  if (!done) {
    problems.push_back(
        fmt::format("the command register: {}", done.error().problem));
    return std::nullopt;
  }
  return read_le<std::uint16_t>(bytes, 0);
}

Result<> MemoryDecode::write(std::uint16_t value) {
  return device_.write(kConfigRegion, kCommandOffset, to_le(value));
}

void MemoryDecode::enable(DeviceObservation& seen) {
  seen.command_before = read(seen.problems);
  if (!seen.command_before) {
    return;
  }
  if ((*seen.command_before & kMemoryDecode) != 0) {
    seen.command_during = seen.command_before;
    return;
  }
  original_ = seen.command_before;
  // Nothing else: the device must not become bus master here.
  const auto value = static_cast<std::uint16_t>(*original_ | kMemoryDecode);
  if (const auto done = write(value); !done) {
    seen.problems.push_back("switching memory decode on: " +
                            done.error().problem);
  }
  seen.command_during = read(seen.problems);
}

Result<> MemoryDecode::restore(DeviceObservation& seen) {
  if (original_) {
    const auto done = write(*original_);
    if (!done) {
      return fail(Errc::io, "the command register",
                  fmt::format("its value {:#x} could not be put back: {}",
                              *original_, done.error().problem),
                  std::string(kReopen));
    }
    original_.reset();
  }
  if (seen.command_before) {
    seen.command_after = read(seen.problems);
  }
  return {};
}

}  // namespace nvgpuctl
