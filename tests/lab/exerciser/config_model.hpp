// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "shape.hpp"

namespace exerciser {

// What a byte of configuration space must read as, in the bits of mask.
struct ConfigByte {
  std::uint8_t value = 0;
  std::uint8_t mask = 0;
};

// Configuration space as user space must see it: BARs of coherent memory are
// the driver's, memory decode is what was written last, identity never
// changes. The rest is vfio-pci-core's, and only its being there is checked.
class ConfigModel {
 public:
  static constexpr std::size_t kHeader = 64;
  static constexpr std::uint64_t kCommand = 4;
  static constexpr std::uint8_t kMemoryEnable = 2;

  explicit ConfigModel(const Shape& shape);

  // The device was opened by its first user, who saw this header.
  void opened(std::span<const std::uint8_t, kHeader> header);
  // VFIO_DEVICE_RESET.
  void reset();

  // The number of bytes, or a negative error number; then none are expected.
  long read(std::uint64_t offset, std::uint64_t count,
            std::vector<ConfigByte>& expected) const;
  // Only for what the header's 64 bytes hold or what lies behind the end: the
  // generator writes nothing else, because a capability could do anything.
  long write(std::uint64_t offset, std::span<const std::uint8_t> bytes);

  bool memory_enabled() const { return memory_enabled_; }

 private:
  struct Bar {
    unsigned index = 0;
    std::uint64_t size = 0;
    bool ours = false;
    std::uint64_t written = 0;
    std::uint64_t known = 0;  // which bits of written
    std::uint8_t flags = 0;   // the low four bits
  };

  ConfigByte byte_at(std::uint64_t offset) const;
  static ConfigByte bar_byte(const Bar& bar, unsigned byte);

  std::uint64_t size_;
  std::vector<Bar> bars_;
  std::array<std::uint8_t, kHeader> header_{};
  bool memory_enabled_ = false;
};

}  // namespace exerciser
