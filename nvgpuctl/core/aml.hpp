// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace nvgpuctl::aml {

// Opcodes that more than one of our files names (ACPI 6.5, section 20.3).
enum Op : std::uint8_t {
  op_zero = 0x00,
  op_one = 0x01,
  op_alias = 0x06,
  op_name = 0x08,
  op_byte = 0x0A,
  op_word = 0x0B,
  op_dword = 0x0C,
  op_string = 0x0D,
  op_qword = 0x0E,
  op_scope = 0x10,
  op_buffer = 0x11,
  op_package = 0x12,
  op_var_package = 0x13,
  op_method = 0x14,
  op_dual_name = 0x2E,
  op_multi_name = 0x2F,
  op_extended = 0x5B,
  op_root = 0x5C,
  op_parent = 0x5E,
  op_ones = 0xFF,
};

constexpr bool is_package(std::uint8_t opcode) {
  return opcode == op_package || opcode == op_var_package;
}

constexpr std::size_t kSegmentSize = 4;

// A NameString, as offsets into the AML rather than as a copy: the walk meets
// many more names than it ever prints.
struct NameString {
  bool absolute = false;       // begins with a backslash
  std::uint32_t parents = 0;   // number of '^'
  std::size_t first = 0;       // offset of the first segment
  std::uint32_t segments = 0;  // 0 for a null name

  bool is_null() const { return !absolute && parents == 0 && segments == 0; }
};

enum class CharClass : std::uint8_t { none, digit, letter };

constexpr std::array<CharClass, 256> make_name_chars() {
  std::array<CharClass, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) {
    table[c] = CharClass::digit;
  }
  for (unsigned c = 'A'; c <= 'Z'; ++c) {
    table[c] = CharClass::letter;
  }
  table['_'] = CharClass::letter;
  return table;
}
inline constexpr auto kNameChars = make_name_chars();

// Whether four valid characters stand at an offset.
inline bool is_segment(Bytes aml, std::size_t at) {
  return aml.size() - at >= kSegmentSize &&
         kNameChars[aml[at]] == CharClass::letter &&
         kNameChars[aml[at + 1]] != CharClass::none &&
         kNameChars[aml[at + 2]] != CharClass::none &&
         kNameChars[aml[at + 3]] != CharClass::none;
}

// A position in AML that never leaves its limit, which is the end of the
// enclosing package. Every reader either moves behind what it read, or returns
// nothing; where the position is then is not promised.
class Cursor {
 public:
  Cursor(Bytes bytes, std::size_t at) : bytes_(bytes), at_(at) {}

  std::size_t at() const { return at_; }
  Bytes bytes() const { return bytes_; }  // from the table's body to the limit
  bool done() const { return at_ >= bytes_.size(); }
  void move_to(std::size_t at) { at_ = at; }

  // The same position with a nearer limit, as for the inside of a package.
  Cursor within(std::size_t limit) const { return {bytes_.first(limit), at_}; }

  bool skip(std::size_t count) {
    if (bytes_.size() - at_ < count) {
      return false;
    }
    at_ += count;
    return true;
  }

  std::optional<std::uint8_t> byte() {
    if (done()) {
      return std::nullopt;
    }
    return bytes_[at_++];
  }

  // PkgLength: the end of the package, which must lie within the limit. The
  // length counts its own bytes (ACPI 6.5, section 20.2.4).
  std::optional<std::size_t> package_end() {
    const std::size_t begin = at_;
    const auto lead = byte();
    if (!lead) {
      return std::nullopt;
    }
    const unsigned extra = *lead >> 6U;
    if (bytes_.size() - at_ < extra) {
      return std::nullopt;
    }
    // Six bits stand alone; with more bytes only four count in the first.
    std::size_t length = extra == 0 ? *lead & 0x3FU : *lead & 0x0FU;
    for (unsigned i = 0; i < extra; ++i) {
      length |= static_cast<std::size_t>(bytes_[at_++]) << (4 + 8 * i);
    }
    if (length < 1 + extra || length > bytes_.size() - begin) {
      return std::nullopt;
    }
    return begin + length;
  }

  std::optional<NameString> name() {
    NameString name;
    if (!done() && bytes_[at_] == op_root) {
      name.absolute = true;
      ++at_;
    }
    while (!done() && bytes_[at_] == op_parent) {
      ++name.parents;
      ++at_;
    }
    const auto count = segment_count();
    if (!count) {
      return std::nullopt;
    }
    name.segments = *count;
    name.first = at_;
    for (std::uint32_t i = 0; i < name.segments; ++i) {
      if (!is_segment(bytes_, at_)) {
        return std::nullopt;
      }
      at_ += kSegmentSize;
    }
    return name;
  }

  // Zero, One, Ones and the four prefixes; nothing for any other term.
  std::optional<std::uint64_t> integer() {
    const auto opcode = byte();
    if (!opcode) {
      return std::nullopt;
    }
    switch (*opcode) {
      case op_zero:
        return 0;
      case op_one:
        return 1;
      case op_ones:
        return ~std::uint64_t{0};
      case op_byte:
        return number<std::uint8_t>();
      case op_word:
        return number<std::uint16_t>();
      case op_dword:
        return number<std::uint32_t>();
      case op_qword:
        return number<std::uint64_t>();
      default:
        return std::nullopt;
    }
  }

  // The characters of a string behind its prefix byte, without the final NUL.
  std::optional<std::string_view> characters() {
    if (done()) {
      return std::nullopt;
    }
    const std::uint8_t* begin = bytes_.data() + at_;
    const void* end = std::memchr(begin, 0, bytes_.size() - at_);
    if (end == nullptr) {
      return std::nullopt;
    }
    const auto size =
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - begin);
    at_ += size + 1;
    return std::string_view(reinterpret_cast<const char*>(begin), size);
  }

 private:
  // Reads the prefix that says how many segments follow; one has none.
  std::optional<std::uint32_t> segment_count() {
    if (done()) {
      return std::nullopt;
    }
    switch (bytes_[at_]) {
      case op_zero:
        ++at_;
        return 0;
      case op_dual_name:
        ++at_;
        return 2;
      case op_multi_name:
        ++at_;
        return byte();
      default:
        return 1;
    }
  }

  template <class Integer>
  std::optional<std::uint64_t> number() {
    const auto value = read_le<Integer>(bytes_, at_);
    at_ += value ? sizeof(Integer) : 0;
    return value;
  }

  Bytes bytes_;
  std::size_t at_;
};

}  // namespace nvgpuctl::aml
