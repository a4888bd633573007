// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/layout.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace nvgpuctl::cli {
namespace {

// SGR sequences of ECMA-48.
std::string_view sequence(Style style) {
  switch (style) {
    case Style::good:
      return "\x1b[32m";
    case Style::bad:
      return "\x1b[31m";
    case Style::warn:
      return "\x1b[33m";
    case Style::strong:
      return "\x1b[1m";
    case Style::plain:
      break;
  }
  return "";
}

// Columns that a text takes, as far as counting UTF-8 sequences tells.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
      }));
}

// Narrower than this, prose is unreadable whatever the terminal says.
constexpr std::size_t kLeastProse = 20;

}  // namespace

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& character : result) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) {
      character = '?';
    }
  }
  // C1 controls, which some terminals obey, are C2 80 to C2 9F in UTF-8.
  for (std::size_t i = 0; i + 1 < result.size(); ++i) {
    const auto next = static_cast<unsigned char>(result[i + 1]);
    if (result[i] == '\xC2' && next >= 0x80 && next < 0xA0) {
      result.replace(i, 2, "?");
    }
  }
  return result;
}

std::string paint(const Context& context, std::string_view text, Style style) {
  if (!context.color || style == Style::plain) {
    return printable(text);
  }
  return std::string(sequence(style)) + printable(text) + "\x1b[0m";
}

Table::Table(std::vector<std::string> headings) {
  std::vector<Cell> row;
  for (auto& heading : headings) {
    row.push_back({std::move(heading), Style::strong});
  }
  rows_.push_back(std::move(row));
}

void Table::add(std::vector<Cell> row) {
  row.resize(rows_.front().size());
  for (auto& cell : row) {
    cell.text = cell.text.empty() ? "-" : printable(cell.text);
  }
  rows_.push_back(std::move(row));
}

void Table::print(Context& context, std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i].text));
    }
  }
  for (const auto& row : rows_) {
    context.out << std::string(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      context.out << paint(context, row[i].text, row[i].style);
      if (i + 1 < row.size()) {
        context.out << std::string(widths[i] - columns(row[i].text) + 2, ' ');
      }
    }
    context.out << '\n';
  }
}

void print_key_values(Context& context, const KeyValues& rows,
                      std::size_t indent) {
  std::size_t width = 0;
  for (const auto& [key, value] : rows) {
    width = std::max(width, columns(key));
  }
  for (const auto& [key, value] : rows) {
    context.out << std::string(indent, ' ') << key
                << std::string(width - columns(key) + 2, ' ')
                << (value.empty() ? "-" : printable(value)) << '\n';
  }
}

void print_prose(std::ostream& stream, std::size_t width,
                 std::string_view first, std::string_view text) {
  if (trim(text).empty()) {
    return;
  }
  const std::size_t margin = columns(first);
  const std::size_t room = std::max(width, margin + kLeastProse) - margin;
  std::size_t used = 0;
  stream << first;
  // A line break in the text is a blank like any other.
  std::string words(text);
  std::replace(words.begin(), words.end(), '\n', ' ');
  for (const auto word : split(words, ' ')) {
    if (word.empty()) {
      continue;
    }
    const std::string shown = printable(word);
    if (used > 0 && used + 1 + columns(shown) > room) {
      stream << '\n' << std::string(margin, ' ');
      used = 0;
    } else if (used > 0) {
      stream << ' ';
      ++used;
    }
    stream << shown;
    used += columns(shown);
  }
  stream << '\n';
}

}  // namespace nvgpuctl::cli
