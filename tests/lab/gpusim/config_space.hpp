// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace nvgpuctl::gpusim {

// The configuration space of one PCI function: which bits there are, which of
// them software can write, and what a reset makes of them. Knows nothing of
// what the bits mean.
class ConfigSpace {
 public:
  static constexpr std::size_t kSize = 4096;

  // A register with its value after power-on. Software changes the bits in
  // `writable`, and clears those in `clears` by writing ones.
  template <class Integer>
  ConfigSpace& define(std::size_t at, Integer value, Integer writable = 0,
                      Integer clears = 0) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      initial_.at(at + i) = nth_byte(value, i);
      writable_.at(at + i) = nth_byte(writable, i);
      clears_.at(at + i) = nth_byte(clears, i);
      bytes_.at(at + i) = initial_.at(at + i);
    }
    return *this;
  }
  // Each stands behind the one defined before it, in its list.
  ConfigSpace& capability(std::uint8_t at, std::uint8_t id);
  // The first must be at 0x100.
  ConfigSpace& extended(std::uint16_t at, std::uint16_t id,
                        unsigned version = 1);
  ConfigSpace& dvsec(std::uint16_t at, std::uint16_t vendor, std::uint16_t id,
                     std::uint16_t length);

  template <class Integer>
  Integer get(std::size_t at) const {
    return read_le<Integer>(bytes_, at).value_or(0);
  }
  // What the device itself changes; gone with the next reset.
  template <class Integer>
  void put(std::size_t at, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      bytes_.at(at + i) = nth_byte(value, i);
    }
  }

  // What is out of range reads as ones, and is dropped when written.
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  void write(std::uint64_t offset, Bytes data);
  void reset() { bytes_ = initial_; }

 private:
  using Space = std::array<std::uint8_t, kSize>;

  template <class Integer>
  static std::uint8_t nth_byte(Integer value, std::size_t n) {
    return static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * n));
  }

  Space bytes_{};
  Space initial_{};
  Space writable_{};
  Space clears_{};
  // Where the pointer to the next capability stands.
  std::size_t last_pointer_ = 0x34;
  std::uint16_t last_extended_ = 0;
};

}  // namespace nvgpuctl::gpusim
