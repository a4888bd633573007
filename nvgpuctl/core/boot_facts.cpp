// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/boot_facts.hpp"

#include <algorithm>

namespace nvgpuctl {
namespace {

constexpr std::string_view kDigits = "0123456789";

// The number that `text` begins with, without zeroes in front; `text` loses it.
std::string_view take_number(std::string_view& text) {
  const auto length = std::min(text.find_first_not_of(kDigits), text.size());
  auto number = text.substr(0, length);
  text.remove_prefix(length);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

bool starts_number(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

// What stands next, by age: "6.1-rc3" comes before "6.1", which comes before
// "6.1.2".
int rank(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  return text.starts_with("-rc") ? -1
                                 : 1 + static_cast<unsigned char>(text.front());
}

}  // namespace

bool newer_release(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    if (starts_number(a) && starts_number(b)) {
      const auto number_a = take_number(a);
      const auto number_b = take_number(b);
      if (number_a.size() != number_b.size()) {
        return number_a.size() > number_b.size();
      }
      if (number_a != number_b) {
        return number_a > number_b;
      }
      continue;
    }
    if (rank(a) != rank(b)) {
      return rank(a) > rank(b);
    }
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return false;
}

}  // namespace nvgpuctl
