// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/smaps.hpp"

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kFlags = "VmFlags:";

// Where a mapping begins, for its first line: "ffff8000-ffff9000 r--s …".
std::optional<std::uint64_t> first_address(std::string_view line) {
  const auto dash = line.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  return parse_unsigned(line.substr(0, dash), 16);
}

}  // namespace

std::optional<std::string> vm_flags(std::string_view smaps,
                                    std::uint64_t address) {
  bool inside = false;
  for (const auto line : split(smaps, '\n')) {
    if (const auto first = first_address(line)) {
      inside = *first == address;
    } else if (inside && line.starts_with(kFlags)) {
      return std::string(trim(line.substr(kFlags.size())));
    }
  }
  return std::nullopt;
}

}  // namespace nvgpuctl
