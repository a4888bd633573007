// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/markup.hpp"

#include "cli/layout.hpp"

namespace nvgpuctl::cli {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace nvgpuctl::cli
