// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "core/acpi_numa.hpp"

namespace nvgpuctl {
namespace {

constexpr std::size_t kMatrixOffset = 8;  // ACPI 6.5, section 5.2.17
// Keeps the square within 64 bits; no table could hold the matrix anyway.
constexpr std::uint64_t kMaxLocalities = 0xFFFF;

}  // namespace

std::optional<std::uint8_t> Slit::distance(std::uint32_t from,
                                           std::uint32_t to) const {
  if (from >= localities || to >= localities) {
    return std::nullopt;
  }
  const std::size_t index = std::size_t{from} * localities + to;
  if (index >= distances.size()) {
    return std::nullopt;
  }
  return distances[index];
}

Result<Slit> parse_slit(const AcpiTable& table) {
  const auto localities = read_le<std::uint64_t>(table.body, 0);
  if (!localities) {
    return fail(Errc::malformed, table.name,
                "too short for the number of localities");
  }
  const Bytes matrix = table.body.subspan(kMatrixOffset);
  if (*localities == 0 || *localities > kMaxLocalities ||
      *localities * *localities > matrix.size()) {
    return fail(Errc::malformed, table.name,
                fmt::format("{} localities announced (byte 0x{:x}), but the "
                            "matrix has {} bytes",
                            *localities, kAcpiHeaderSize, matrix.size()));
  }
  // Bytes behind the matrix are padding: Linux does not look at them.
  const Bytes distances = matrix.first(*localities * *localities);
  return Slit{.localities = static_cast<std::uint32_t>(*localities),
              .distances = {distances.begin(), distances.end()}};
}

}  // namespace nvgpuctl
