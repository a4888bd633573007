// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/pci_address.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::uint64_t kMaxDomain = 0xFFFFFFFF;
constexpr std::uint64_t kMaxBus = 0xFF;
constexpr std::uint64_t kMaxDevice = 0x1F;
constexpr std::uint64_t kMaxFunction = 7;

std::optional<PciAddress> assemble(std::string_view domain,
                                   std::string_view bus,
                                   std::string_view device,
                                   std::string_view function) {
  const auto number = [](std::string_view text, std::size_t digits,
                         std::uint64_t limit) -> std::optional<std::uint64_t> {
    // parse_unsigned also takes "0x", which has no place in an address.
    if (text.size() > digits || text.find_first_of("xX") != text.npos) {
      return std::nullopt;
    }
    const auto value = parse_unsigned(text, 16);
    return value && *value <= limit ? value : std::nullopt;
  };
  const auto d = number(domain, 8, kMaxDomain);
  const auto b = number(bus, 2, kMaxBus);
  const auto s = number(device, 2, kMaxDevice);
  const auto f = number(function, 1, kMaxFunction);
  if (!d || !b || !s || !f) {
    return std::nullopt;
  }
  return PciAddress{
      static_cast<std::uint32_t>(*d), static_cast<std::uint8_t>(*b),
      static_cast<std::uint8_t>(*s), static_cast<std::uint8_t>(*f)};
}

}  // namespace

std::string to_string(const PciAddress& address) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", address.domain, address.bus,
                     address.device, address.function);
}

std::string sysfs_path(const PciAddress& address, std::string_view attribute) {
  return fmt::format("/sys/bus/pci/devices/{}{}{}", to_string(address),
                     attribute.empty() ? "" : "/", attribute);
}

std::optional<PciAddress> parse_pci_address(std::string_view text) {
  if (text.starts_with("pci_")) {
    const auto parts = split(text.substr(4), '_');
    return parts.size() == 4 ? assemble(parts[0], parts[1], parts[2], parts[3])
                             : std::nullopt;
  }
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) {
    return std::nullopt;
  }
  const auto function = text.substr(dot + 1);
  const auto parts = split(text.substr(0, dot), ':');
  if (parts.size() == 2) {
    return assemble("0", parts[0], parts[1], function);
  }
  return parts.size() == 3 ? assemble(parts[0], parts[1], parts[2], function)
                           : std::nullopt;
}

}  // namespace nvgpuctl
