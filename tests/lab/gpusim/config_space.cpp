// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/config_space.hpp"

#include <linux/pci_regs.h>

namespace nvgpuctl::gpusim {

ConfigSpace& ConfigSpace::capability(std::uint8_t at, std::uint8_t id) {
  define<std::uint8_t>(last_pointer_, at);
  define<std::uint8_t>(at, id);
  last_pointer_ = at + std::size_t{PCI_CAP_LIST_NEXT};
  return define<std::uint8_t>(last_pointer_, 0);
}

ConfigSpace& ConfigSpace::extended(std::uint16_t at, std::uint16_t id,
                                   unsigned version) {
  if (last_extended_ != 0) {
    const auto header = get<std::uint32_t>(last_extended_) & 0x000FFFFFU;
    define<std::uint32_t>(last_extended_, header | std::uint32_t{at} << 20U);
  }
  last_extended_ = at;
  return define<std::uint32_t>(at, id | version << 16U);
}

ConfigSpace& ConfigSpace::dvsec(std::uint16_t at, std::uint16_t vendor,
                                std::uint16_t id, std::uint16_t length) {
  extended(at, PCI_EXT_CAP_ID_DVSEC);
  define<std::uint32_t>(at + PCI_DVSEC_HEADER1,
                        std::uint32_t{length} << 20U | vendor);
  return define<std::uint16_t>(at + PCI_DVSEC_HEADER2, id);
}

void ConfigSpace::read(std::uint64_t offset,
                       std::span<std::uint8_t> out) const {
  for (auto& byte : out) {
    byte = offset < kSize ? bytes_.at(offset) : 0xFF;
    offset += offset < kSize ? 1 : 0;
  }
}

void ConfigSpace::write(std::uint64_t offset, Bytes data) {
  for (std::size_t i = 0; i < data.size() && offset < kSize; ++i, ++offset) {
    auto& byte = bytes_.at(offset);
    const std::uint8_t mask = writable_.at(offset);
    const auto kept = static_cast<std::uint8_t>(byte & ~mask);
    const auto cleared =
        static_cast<std::uint8_t>(data[i] & clears_.at(offset));
    byte = static_cast<std::uint8_t>((kept | (data[i] & mask)) & ~cleared);
  }
}

}  // namespace nvgpuctl::gpusim
