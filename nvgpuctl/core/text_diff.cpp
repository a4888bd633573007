// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/text_diff.hpp"

#include <fmt/format.h>

#include <dtl/dtl.hpp>
#include <sstream>
#include <vector>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  const auto lines = split(text, '\n');
  return {lines.begin(), lines.end()};
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view before_name,
                         std::string_view after_name) {
  if (before == after) {
    return {};
  }
  dtl::Diff<std::string, std::vector<std::string>> diff(lines_of(before),
                                                        lines_of(after));
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream hunks;
  diff.printUnifiedFormat(hunks);
  return fmt::format("--- {}\n+++ {}\n{}", before_name, after_name,
                     hunks.str());
}

}  // namespace nvgpuctl
