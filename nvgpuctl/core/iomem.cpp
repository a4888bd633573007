// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/iomem.hpp"

#include "base/text.hpp"

namespace nvgpuctl {

std::vector<IomemRange> parse_system_ram(std::string_view iomem) {
  std::vector<IomemRange> ranges;
  for (const auto line : split(iomem, '\n')) {
    // "  80000000-fedfffff : System RAM"
    const std::size_t colon = line.find(" : System RAM");
    if (colon == std::string_view::npos) {
      continue;
    }
    const auto range = trim(line.substr(0, colon));
    const std::size_t dash = range.find('-');
    const auto first = parse_unsigned(range.substr(0, dash), 16);
    const auto last = dash == std::string_view::npos
                          ? std::nullopt
                          : parse_unsigned(range.substr(dash + 1), 16);
    if (first && last && *last > *first) {
      ranges.push_back({*first, *last, ascii_line(line.substr(colon + 3))});
    }
  }
  return ranges;
}

bool is_onlined_by_nvidia(const IomemRange& ram) {
  return ram.name.find("(NVIDIA)") != std::string::npos;
}

}  // namespace nvgpuctl
