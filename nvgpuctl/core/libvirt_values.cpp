// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/libvirt_values.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/id_range.hpp"
#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr unsigned kLargestId = 16383;  // VIR_DOMAIN_CPUMASK_LEN - 1

// Bytes of a unit; nothing for one that libvirt does not know.
std::optional<std::uint64_t> unit_bytes(std::string_view unit) {
  const std::string lower = to_lower(unit);
  if (lower == "b" || lower == "byte" || lower == "bytes") {
    return 1;
  }
  constexpr std::string_view kPrefixes = "kmgtpe";
  const auto power = kPrefixes.find(lower.empty() ? '\0' : lower.front());
  const std::string_view rest =
      std::string_view(lower).substr(std::min<std::size_t>(1, lower.size()));
  if (power == std::string_view::npos ||
      (!rest.empty() && rest != "b" && rest != "ib")) {
    return std::nullopt;
  }
  const std::uint64_t step = rest == "b" ? 1000 : 1024;
  std::uint64_t bytes = 1;
  for (std::size_t i = 0; i <= power; ++i) {
    bytes *= step;
  }
  return bytes;
}

}  // namespace

std::optional<std::uint64_t> parse_libvirt_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with("0x") || text.starts_with("0X")) {
    return parse_unsigned(text, 16);
  }
  const bool octal = text.size() > 1 && text.front() == '0';
  return parse_unsigned(text, octal ? 8 : 10);
}

std::optional<std::uint64_t> parse_libvirt_decimal(std::string_view text) {
  return parse_unsigned(trim(text));
}

std::optional<std::vector<unsigned>> parse_libvirt_set(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.ends_with(',')) {
    text.remove_suffix(1);
  }
  // Filled by words and not one by one: a text can name all of them a hundred
  // thousand times.
  std::vector<bool> members;
  for (auto piece : split(text, ',')) {
    piece = trim(piece);
    const bool present = !piece.starts_with('^');
    piece.remove_prefix(present ? 0 : 1);
    const auto range = parse_id_range(piece, kLargestId);
    // libvirt has no "^2-3".
    if (!range || (!present && range->first != range->last)) {
      return std::nullopt;
    }
    members.resize(std::max(members.size(), std::size_t{range->last} + 1));
    std::fill(members.begin() + range->first, members.begin() + range->last + 1,
              present);
  }
  std::vector<unsigned> out;
  for (unsigned id = 0; id < members.size(); ++id) {
    if (members[id]) {
      out.push_back(id);
    }
  }
  return out;
}

std::optional<std::uint64_t> parse_libvirt_size(std::string_view number,
                                                std::string_view unit,
                                                std::string_view unit_without) {
  const auto count = parse_unsigned(trim(number));
  const auto bytes = unit_bytes(unit.empty() ? unit_without : unit);
  if (!count || !bytes ||
      *count > std::numeric_limits<std::uint64_t>::max() / *bytes) {
    return std::nullopt;
  }
  return *count * *bytes;
}

}  // namespace nvgpuctl
