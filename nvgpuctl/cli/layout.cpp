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

// Well-formed by its bits, and yet no character (RFC 3629, section 4): longer
// than it has to be, a surrogate, beyond Unicode, or U+FFFE and U+FFFF, which
// XML does not take.
bool is_no_character(std::string_view sequence) {
  if (sequence.size() < 3) {
    return false;
  }
  const auto first = static_cast<unsigned char>(sequence[0]);
  const auto second = static_cast<unsigned char>(sequence[1]);
  return (first == 0xE0 && second < 0xA0) ||
         (first == 0xED && second >= 0xA0) ||
         (first == 0xF0 && second < 0x90) ||
         (first == 0xF4 && second >= 0x90) || sequence == "\xEF\xBF\xBE" ||
         sequence == "\xEF\xBF\xBF";
}

// Bytes of the UTF-8 character that a text begins with; 0 for what is none. A
// stray byte may be a control character to a terminal that expects no UTF-8.
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  std::size_t length = 1;
  if (first >= 0x80) {
    length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2);
  }
  const bool lead = first < 0x80 || (first >= 0xC2 && first <= 0xF4);
  if (!lead || text.size() < length) {
    return 0;
  }
  const auto rest = text.substr(1, length - 1);
  const bool continued = std::all_of(rest.begin(), rest.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
  });
  return continued && !is_no_character(text.substr(0, length)) ? length : 0;
}

// Narrower than this, prose is unreadable whatever the terminal says.
constexpr std::size_t kLeastProse = 20;

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    // C1 controls, which some terminals obey, are C2 80 to C2 9F.
    const bool c1 = byte == 0xC2 && length == 2 &&
                    static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || byte < 0x20 || byte == 0x7F || c1) {
      result += '?';
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
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
