// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>

#include "base/id_range.hpp"

namespace nvgpuctl {
namespace {

// Edits (insert, delete, replace) that turn one word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced =
          diagonal + (from[i - 1] == to[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether a set such as "[0-9a]" holds the character; `end` becomes the offset
// behind its closing bracket. Nothing when the bracket never closes.
std::optional<bool> match_set(std::string_view pattern, std::size_t begin,
                              char character, std::size_t& end) {
  std::size_t first = begin + 1;
  const bool negated = first < pattern.size() &&
                       (pattern[first] == '!' || pattern[first] == '^');
  first += negated ? 1 : 0;
  // A bracket at the first place stands for itself.
  const std::size_t close = pattern.find(']', first + 1);
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view set = pattern.substr(first, close - first);
  bool found = false;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= character && character <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == character;
    }
  }
  end = close + 1;
  return found != negated;
}

// Whether the one pattern element at `at` takes `character`; `end` becomes the
// offset of the next element. '*' is not an element here.
bool match_element(std::string_view pattern, std::size_t at, char character,
                   std::size_t& end) {
  end = at + 1;
  if (pattern[at] == '?') {
    return true;
  }
  if (pattern[at] == '[') {
    const auto in_set = match_set(pattern, at, character, end);
    if (in_set) {
      return *in_set;
    }
  }
  return pattern[at] == character;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return pieces;
    }
    text.remove_prefix(end + 1);
    if (text.empty()) {
      pieces.emplace_back();
    }
  }
  return pieces;
}

std::vector<std::string_view> split_words(std::string_view text,
                                          std::string_view blanks) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    const auto length = std::min(text.find_first_of(blanks), text.size());
    if (length > 0) {
      words.push_back(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return words;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), lower_letter);
  return lower;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower_letter, lower_letter);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text, int base) {
  if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) {
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value, base);
  if (text.empty() || error != std::errc() || end != last) {
    return std::nullopt;
  }
  return value;
}

std::string hex(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

std::string ascii_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

std::string json_quoted(std::string_view text) {
  std::string json = "\"";
  for (const char character : text) {
    if (character == '"' || character == '\\') {
      json += '\\';
    }
    if (static_cast<unsigned char>(character) < ' ') {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(character));
    } else {
      json += character;
    }
  }
  return json + '"';
}

std::string human_size(std::uint64_t bytes) {
  struct Unit {
    std::uint64_t size;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{kTiB, "TiB"}, Unit{kGiB, "GiB"},
                              Unit{kMiB, "MiB"}, Unit{kKiB, "KiB"}};
  for (const auto& unit : kUnits) {
    if (bytes < unit.size) {
      continue;
    }
    if (bytes % unit.size == 0) {
      return fmt::format("{} {}", bytes / unit.size, unit.name);
    }
    return fmt::format(
        "{:.2f} {}",
        static_cast<double>(bytes) / static_cast<double>(unit.size), unit.name);
  }
  return fmt::format("{} B", bytes);
}

std::optional<IdRange> parse_id_range(std::string_view text, unsigned limit) {
  const std::size_t dash = text.find('-');
  const auto first = parse_unsigned(text.substr(0, dash));
  const auto last = dash == std::string_view::npos
                        ? first
                        : parse_unsigned(text.substr(dash + 1));
  if (!first || !last || *first > *last || *last > limit) {
    return std::nullopt;
  }
  return IdRange{static_cast<unsigned>(*first), static_cast<unsigned>(*last)};
}

std::optional<std::vector<unsigned>> parse_id_list(std::string_view text,
                                                   unsigned limit) {
  std::vector<unsigned> ids;
  for (const auto piece : split(trim(text), ',')) {
    const auto range = parse_id_range(piece, limit);
    if (!range) {
      return std::nullopt;
    }
    for (std::uint64_t id = range->first; id <= range->last; ++id) {
      ids.push_back(static_cast<unsigned>(id));
    }
    if (ids.size() > std::size_t{limit} + 1) {
      return std::nullopt;  // the same range again and again
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::string format_id_list(std::span<const unsigned> ids) {
  std::string text;
  for (std::size_t i = 0; i < ids.size();) {
    std::size_t last = i;
    while (last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) {
      ++last;
    }
    if (!text.empty()) {
      text += ',';
    }
    text += std::to_string(ids[i]);
    if (last > i) {
      text += '-' + std::to_string(ids[last]);
    }
    i = last + 1;
  }
  return text;
}

std::string format_id_list(const std::set<unsigned>& ids) {
  return format_id_list(std::vector<unsigned>(ids.begin(), ids.end()));
}

std::optional<std::string> closest(
    std::string_view word, std::span<const std::string_view> candidates) {
  // Longer words may hold more slips, but a third of the letters is a guess.
  const std::size_t tolerance = std::max<std::size_t>(1, word.size() / 3);
  std::optional<std::string> best;
  std::size_t best_distance = tolerance + 1;
  for (const auto candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (longer - shorter > tolerance) {
      continue;
    }
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  return best;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  // The classic two-pointer match: on a mismatch go back to the last '*' and
  // let it swallow one character more.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    std::size_t next = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && match_element(pattern, p, text[t], next)) {
      p = next;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

}  // namespace nvgpuctl
