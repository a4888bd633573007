// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"

// How text for people is laid out: words in columns, prose within the width.
// Whatever comes from a host is made printable here, because a capture is other
// people's data and may hold terminal escapes.

namespace nvgpuctl::cli {

enum class Style { plain, good, bad, warn, strong };

// The text with every control character replaced by '?'.
std::string printable(std::string_view text);

// Printable, and coloured if the context says so.
std::string paint(const Context& context, std::string_view text, Style style);

struct Cell {
  std::string text;
  Style style = Style::plain;
};

// Columns as wide as their widest cell, two blanks apart, no blanks at the end
// of a line. An empty cell is printed as "-".
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<Cell> row);
  void print(Context& context, std::size_t indent = 0) const;

 private:
  std::vector<std::vector<Cell>> rows_;  // headings first
};

// "key    value" lines, keys padded to the longest.
using KeyValues = std::vector<std::pair<std::string, std::string>>;
void print_key_values(Context& context, const KeyValues& rows,
                      std::size_t indent);

// Prose, broken at blanks. The first line begins with `first`, the others with
// as many blanks. Nothing at all for an empty text.
void print_prose(std::ostream& stream, std::size_t width,
                 std::string_view first, std::string_view text);

}  // namespace nvgpuctl::cli
