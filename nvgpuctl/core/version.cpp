// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/version.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace nvgpuctl {

std::string to_string(const Version& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.micro);
}

std::optional<Version> parse_version(std::string_view text) {
  std::array<unsigned, 3> numbers{};
  const char* at = text.data();
  const char* const last = text.data() + text.size();
  std::size_t count = 0;
  while (count < numbers.size()) {
    const auto [end, error] = std::from_chars(at, last, numbers.at(count));
    if (error != std::errc()) {
      return std::nullopt;
    }
    ++count;
    at = end;
    if (count == numbers.size() || at == last || *at != '.') {
      break;
    }
    ++at;
  }
  // What follows the numbers must look like a distribution's suffix, or be a
  // fourth number.
  constexpr std::string_view kSuffix = "-+~ ";
  const bool fourth =
      last - at > 1 && at[0] == '.' && at[1] >= '0' && at[1] <= '9';
  const bool clean =
      at == last || fourth || kSuffix.find(*at) != std::string_view::npos;
  if (count < 2 || !clean) {
    return std::nullopt;
  }
  return Version{numbers[0], numbers[1], numbers[2]};
}

}  // namespace nvgpuctl
