// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/size.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/text.hpp"

namespace nvgpuctl::cli {
namespace {

constexpr std::string_view kExample = "write it with its unit, such as 64GiB";

// Nothing but "K", "KiB" and so on is a unit.
std::optional<std::uint64_t> unit_size(std::string_view unit) {
  struct Unit {
    char letter;
    std::uint64_t size;
  };
  constexpr std::array kUnits{Unit{'K', kKiB}, Unit{'M', kMiB}, Unit{'G', kGiB},
                              Unit{'T', kTiB}};
  for (const auto& [letter, size] : kUnits) {
    if (unit.starts_with(letter) &&
        (unit.size() == 1 || unit.substr(1) == "iB")) {
      return size;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view option,
                                 std::string_view text) {
  const std::size_t digits =
      std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_unsigned(text.substr(0, digits));
  const auto unit = unit_size(trim(text.substr(digits)));
  if (!number || !unit || *number == 0) {
    return fail(Errc::usage, std::string(option),
                fmt::format("'{}' is not a size", text), std::string(kExample));
  }
  if (*number > std::numeric_limits<std::uint64_t>::max() / *unit) {
    return fail(Errc::usage, std::string(option),
                fmt::format("'{}' is too large", text), std::string(kExample));
  }
  return *number * *unit;
}

}  // namespace nvgpuctl::cli
