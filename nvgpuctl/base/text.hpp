// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvgpuctl {

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr std::uint64_t kTiB = 1ULL << 40;

// Without leading and trailing white space.
std::string_view trim(std::string_view text);

// Pieces between separators; empty pieces are kept. split("a,,b", ',') gives
// "a", "", "b"; an empty text gives no piece.
std::vector<std::string_view> split(std::string_view text, char separator);

// Runs of characters that are not in `blanks`.
std::vector<std::string_view> split_words(std::string_view text,
                                          std::string_view blanks = " \t\r\n");

// ASCII letters in lower case, whatever the locale.
std::string to_lower(std::string_view text);

// Whether both are the same but for the case of ASCII letters.
bool same_ignoring_case(std::string_view a, std::string_view b);

// The whole text as a number, with or without 0x in base 16; nothing when any
// character is left over or the value does not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text,
                                            int base = 10);

// "0x17e4f00000"
std::string hex(std::uint64_t value);

// In one line that no terminal obeys: whatever is no printable character of
// ASCII becomes '?'.
std::string ascii_line(std::string_view text);

// As a string of JSON, with its quotes.
std::string json_quoted(std::string_view text);

// A size for people, exact where binary units allow and rounded to two digits
// otherwise: "128 GiB", "95.58 GiB", "512 MiB", "0 B".
std::string human_size(std::uint64_t bytes);

// A kernel list such as "0-3,8" as sorted numbers; nothing when malformed or
// when a number is over `limit`, so that "0-4294967295" cannot eat memory. An
// empty text is the empty list.
std::optional<std::vector<unsigned>> parse_id_list(std::string_view text,
                                                   unsigned limit = 65535);

// The reverse: {0, 1, 2, 3, 8} is "0-3,8". Takes sorted numbers.
std::string format_id_list(std::span<const unsigned> ids);
std::string format_id_list(const std::set<unsigned>& ids);

// The candidate that was most probably meant, or nothing when none is near
// enough to suggest. For "did you mean".
std::optional<std::string> closest(
    std::string_view word, std::span<const std::string_view> candidates);

// Shell-style match of a whole text: '*' any run, '?' one character, and sets
// such as [0-9]. Linear in the product of the lengths; never recursive.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace nvgpuctl
