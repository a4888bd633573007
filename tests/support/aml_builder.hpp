// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "core/acpi_table.hpp"

// Makes ACPI tables for tests and benchmarks, byte by byte as firmware does.
namespace nvgpuctl::test {

using Aml = std::vector<std::uint8_t>;

inline Aml join(std::initializer_list<Aml> parts) {
  Aml result;
  for (const Aml& part : parts) {
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

inline Aml text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}

inline Aml little_endian(std::uint64_t value, std::size_t size) {
  Aml result;
  for (std::size_t i = 0; i < size; ++i) {
    result.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  return result;
}

// The shortest encoding, as edk2 and iasl choose it.
inline Aml integer(std::uint64_t value) {
  if (value <= 1) {
    return {static_cast<std::uint8_t>(value)};
  }
  if (value <= 0xFF) {
    return join({{0x0A}, little_endian(value, 1)});
  }
  if (value <= 0xFFFF) {
    return join({{0x0B}, little_endian(value, 2)});
  }
  if (value <= 0xFFFF'FFFF) {
    return join({{0x0C}, little_endian(value, 4)});
  }
  return join({{0x0E}, little_endian(value, 8)});
}

inline Aml string(std::string_view characters) {
  return join({{0x0D}, text(characters), {0x00}});
}

// An opcode, PkgLength and what it encloses.
inline Aml package(const Aml& opcode, const Aml& content) {
  std::size_t length = content.size() + 1;
  if (length <= 0x3F) {
    return join({opcode, {static_cast<std::uint8_t>(length)}, content});
  }
  std::size_t extra = 1;
  while (content.size() + 1 + extra >= 1ULL << (4 + 8 * extra)) {
    ++extra;
  }
  length = content.size() + 1 + extra;
  const auto lead = static_cast<std::uint8_t>(extra << 6U | (length & 0xFU));
  return join({opcode, {lead}, little_endian(length >> 4U, extra), content});
}

inline Aml name(std::string_view segment, const Aml& value) {
  return join({{0x08}, text(segment), value});
}

inline Aml scope(const Aml& path, const Aml& content) {
  return package({0x10}, join({path, content}));
}

inline Aml device(std::string_view segment, const Aml& content) {
  return package({0x5B, 0x82}, join({text(segment), content}));
}

inline Aml method(std::string_view segment, const Aml& body) {
  return package({0x14}, join({text(segment), {0x00}, body}));
}

// ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301")
inline Aml device_properties_uuid() {
  return {0x11, 0x13, 0x0A, 0x10, 0x14, 0xD8, 0xFF, 0xDA, 0xBA, 0x6E,
          0x8C, 0x4D, 0x8A, 0x91, 0xBC, 0x9B, 0xBF, 0x4A, 0xA3, 0x01};
}

inline Aml property(std::string_view key, const Aml& value) {
  return package({0x12}, join({{0x02}, string(key), value}));
}

inline Aml properties(std::initializer_list<Aml> list) {
  return package({0x12},
                 join({{static_cast<std::uint8_t>(list.size())}, join(list)}));
}

// Name (_DSD, Package () {<device properties>, Package () {…}})
inline Aml dsd(std::initializer_list<Aml> list) {
  return name(
      "_DSD",
      package({0x12},
              join({{0x02}, device_properties_uuid(), properties(list)})));
}

// A whole table: header with the right length and checksum, then the body.
inline Aml table(std::string_view signature, const Aml& body,
                 std::uint8_t revision = 2) {
  Aml result = join({text(signature),
                     little_endian(kAcpiHeaderSize + body.size(), 4),
                     {revision, 0},
                     text("NVIDIA"),
                     text("T241x1"),
                     {0, 0},
                     little_endian(1, 4),
                     text("TEST"),
                     little_endian(1, 4),
                     body});
  std::uint8_t sum = 0;
  for (const std::uint8_t byte : result) {
    sum = static_cast<std::uint8_t>(sum + byte);
  }
  result[9] = static_cast<std::uint8_t>(0x100 - sum);
  return result;
}

// A table whose header nobody looks at any more.
inline AcpiTable table_with(Bytes body, std::string_view signature = "SSDT",
                            std::uint8_t revision = 2) {
  AcpiTable result;
  result.name = signature;
  result.signature = signature;
  result.length = static_cast<std::uint32_t>(kAcpiHeaderSize + body.size());
  result.revision = revision;
  result.body = body;
  return result;
}

}  // namespace nvgpuctl::test
