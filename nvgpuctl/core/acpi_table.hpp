// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace nvgpuctl {

constexpr std::size_t kAcpiHeaderSize = 36;  // ACPI 6.5, table 5.4

// The header that every ACPI table but FACS and RSDP begins with.
struct AcpiTable {
  std::string name;  // file name: "SSDT3", "dynamic/SSDT30"
  std::string signature;
  std::uint32_t length = 0;
  std::uint8_t revision = 0;
  std::string oem_id;
  std::string oem_table_id;
  bool checksum_ok = true;
  Bytes
      body;  // after the header, cut to `length`; refers to the caller's bytes
};

// Fails when there is no whole header or its length exceeds the bytes. A wrong
// checksum is recorded, not refused: Linux itself only warns.
Result<AcpiTable> parse_acpi_table(std::string name, Bytes bytes);

}  // namespace nvgpuctl
