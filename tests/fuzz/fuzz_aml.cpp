// SPDX-License-Identifier: GPL-2.0-or-later
// Input: a definition block with its header. Of the header only the signature
// and the revision are used, so that a mutation need not get its length right.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "core/acpi_dsd.hpp"
#include "fuzz/require.hpp"

namespace nvgpuctl {
namespace {

// "\" or "\AAAA.BBBB": four name characters per segment, bounded in depth.
bool is_path(std::string_view path) {
  if (!path.starts_with('\\')) {
    return false;
  }
  path.remove_prefix(1);
  if (path.empty()) {
    return true;
  }
  if (path.size() % 5 != 4 || path.size() > std::size_t{255} * 5) {
    return false;
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto c = static_cast<unsigned char>(path[i]);
    const bool sound =
        i % 5 == 4   ? c == '.'
        : i % 5 == 0 ? std::isupper(c) != 0 || c == '_'
                     : std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_';
    if (!sound) {
      return false;
    }
  }
  return true;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void check_dsd(const AcpiTable& table, const DeviceDsd& dsd) {
  REQUIRE(is_path(dsd.path));
  REQUIRE(dsd.table == table.name);
  REQUIRE(dsd.offset >= kAcpiHeaderSize);
  const std::size_t at = dsd.offset - kAcpiHeaderSize;
  REQUIRE(at < table.body.size());
  const std::uint8_t opcode = table.body[at];
  REQUIRE(opcode == 0x08 || opcode == 0x14 || opcode == 0x06);
  REQUIRE((dsd.form == DsdForm::literal) == dsd.problem.empty());
  REQUIRE(dsd.form == DsdForm::literal || dsd.properties.empty());
  REQUIRE(dsd.properties.size() <= 1024);
  for (const DsdProperty& property : dsd.properties) {
    REQUIRE(is_printable(property.name));
    REQUIRE(dsd.find(property.name) != nullptr);
    const auto* number = std::get_if<std::uint64_t>(&property.value);
    REQUIRE(number == nullptr || table.revision >= 2 ||
            table.signature != "DSDT" || *number <= 0xFFFF'FFFF);
    const auto* text = std::get_if<std::string>(&property.value);
    REQUIRE(text == nullptr || is_printable(*text));
  }
  interpret_coherent_memory(dsd);
}

void check(Bytes bytes) {
  if (const auto whole = parse_acpi_table("whole", bytes)) {
    REQUIRE(whole->length <= bytes.size());
    REQUIRE(whole->body.size() == whole->length - kAcpiHeaderSize);
    REQUIRE(whole->signature.size() <= 4 && is_printable(whole->signature));
  }
  if (bytes.size() < kAcpiHeaderSize) {
    return;
  }
  AcpiTable table;
  table.name = "fuzz";
  table.signature = bytes[0] == 'D' ? "DSDT" : "SSDT";
  table.revision = bytes[8];
  table.body = bytes.subspan(kAcpiHeaderSize);
  const AmlWalk walk = find_dsds(table);
  REQUIRE(walk.dsds.size() <= 4096);
  REQUIRE(walk.notes.size() <= 65);
  for (const AmlNote& note : walk.notes) {
    REQUIRE(note.offset >= kAcpiHeaderSize);
    REQUIRE(note.offset - kAcpiHeaderSize <= table.body.size());
    REQUIRE(!note.problem.empty());
  }
  for (const DeviceDsd& dsd : walk.dsds) {
    check_dsd(table, dsd);
  }
  // Nothing is reported twice, and everything in the order of the table.
  for (std::size_t i = 1; i < walk.dsds.size(); ++i) {
    REQUIRE(walk.dsds[i - 1].offset < walk.dsds[i].offset);
  }
}

}  // namespace
}  // namespace nvgpuctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  nvgpuctl::check({data, size});
  return 0;
}
