// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/boot_facts.hpp"

#include <algorithm>

#include "base/text.hpp"

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

std::vector<std::string> key_names(std::string_view proc_keys) {
  // ID FLAGS USAGE TIMEOUT PERM UID GID TYPE DESCRIPTION: X509.ALGORITHM ID []
  constexpr std::size_t kType = 7;
  constexpr std::size_t kMostKeys = 1024;
  std::vector<std::string> names;
  for (const auto line : split(proc_keys, '\n')) {
    const auto words = split_words(line);
    const auto end = line.rfind(": X509.");
    if (words.size() <= kType + 1 || words[kType] != "asymmetri" ||
        end == std::string_view::npos || names.size() >= kMostKeys) {
      continue;
    }
    const auto start =
        static_cast<std::size_t>(words[kType + 1].data() - line.data());
    if (start < end) {
      names.emplace_back(line.substr(start, end - start));
    }
  }
  return names;
}

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
