// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace nvgpuctl {

// Builds the configuration space of one function, field by field.
class ConfigSpace {
 public:
  explicit ConfigSpace(std::size_t size = 4096) : bytes_(size) {}

  // A GPU's header with the capability list switched on.
  static ConfigSpace gpu(std::uint16_t device, std::size_t size = 4096) {
    ConfigSpace space(size);
    space.word(0x00, 0x10DE).word(0x02, device).word(0x04, 0x0006);
    space.word(0x06, 0x0010).word(0x08, 0x00A1).word(0x0A, 0x0302);
    space.word(0x2C, 0x10DE).word(0x2E, 0x16EB);
    return space;
  }

  ConfigSpace& byte(std::size_t at, std::uint8_t value) {
    bytes_.at(at) = value;
    return *this;
  }
  ConfigSpace& word(std::size_t at, std::uint16_t value) {
    byte(at, static_cast<std::uint8_t>(value & 0xFFU));
    return byte(at + 1, static_cast<std::uint8_t>(value >> 8U));
  }
  ConfigSpace& dword(std::size_t at, std::uint32_t value) {
    word(at, static_cast<std::uint16_t>(value & 0xFFFFU));
    return word(at + 2, static_cast<std::uint16_t>(value >> 16U));
  }
  ConfigSpace& capability(std::uint8_t at, std::uint8_t id, std::uint8_t next) {
    return byte(at, id).byte(at + 1U, next);
  }
  ConfigSpace& extended(std::size_t at, std::uint16_t id, unsigned version,
                        std::uint32_t next) {
    return dword(at, next << 20U | version << 16U | id);
  }
  // The two headers of a DVSEC; its capability header comes from extended().
  ConfigSpace& dvsec(std::size_t at, std::uint16_t vendor, std::uint16_t id,
                     std::uint32_t length) {
    return dword(at + 4, length << 20U | vendor).word(at + 8, id);
  }

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace nvgpuctl
