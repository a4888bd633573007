// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/acpi_table.hpp"

#include <fmt/format.h>

#include <numeric>
#include <utility>

namespace nvgpuctl {
namespace {

// A fixed-width field of the header. Padding goes, and so does whatever could
// upset a terminal: these bytes come from firmware.
std::string text_field(Bytes bytes, std::size_t offset, std::size_t size) {
  std::string text;
  for (const std::uint8_t byte : bytes.subspan(offset, size)) {
    if (byte == 0) {
      break;
    }
    text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

// Offsets: ACPI 6.5, table 5.4.
Result<AcpiTable> parse_acpi_table(std::string name, Bytes bytes) {
  if (bytes.size() < kAcpiHeaderSize) {
    return fail(Errc::malformed, std::move(name),
                fmt::format("{} bytes are too short for the {} byte header of "
                            "an ACPI table",
                            bytes.size(), kAcpiHeaderSize));
  }
  const auto length = read_le<std::uint32_t>(bytes, 4).value_or(0);
  if (length < kAcpiHeaderSize || length > bytes.size()) {
    return fail(Errc::malformed, std::move(name),
                fmt::format("header says {} bytes (offset 4), file has {}",
                            length, bytes.size()));
  }
  const Bytes whole = bytes.first(length);
  const auto sum = std::accumulate(whole.begin(), whole.end(), 0U);
  return AcpiTable{.name = std::move(name),
                   .signature = text_field(whole, 0, 4),
                   .length = length,
                   .revision = whole[8],
                   .oem_id = text_field(whole, 10, 6),
                   .oem_table_id = text_field(whole, 16, 8),
                   .checksum_ok = (sum & 0xFFU) == 0,
                   .body = whole.subspan(kAcpiHeaderSize)};
}

}  // namespace nvgpuctl
