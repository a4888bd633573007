// SPDX-License-Identifier: GPL-2.0-or-later
// What somebody types as a GPU, one selector per line.
#include <algorithm>
#include <cstdint>

#include "base/text.hpp"
#include "core/selector.hpp"
#include "fuzz/require.hpp"

namespace {

nvgpuctl::SelectorTargets some_host() {
  return {.gpus = {{0x08, 1, 0, 0}, {0x09, 1, 0, 0}, {0x18, 6, 0, 0}},
          .others = {{{0, 0x65, 0, 0}, "10de:2330 is no Grace GPU"}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using nvgpuctl::Errc;
  static const nvgpuctl::SelectorTargets targets = some_host();
  // A command line holds at most 128 KiB in one argument, but a glob of that
  // length only costs the fuzzer time.
  const std::string_view text(reinterpret_cast<const char*>(data),
                              std::min<std::size_t>(size, 4096));
  std::vector<std::string> selectors;
  for (const auto line : nvgpuctl::split(text, '\n')) {
    selectors.emplace_back(line);
    const auto address = nvgpuctl::parse_pci_address(line);
    if (address) {
      // What we print must be what we read.
      REQUIRE(nvgpuctl::parse_pci_address(to_string(*address)) == address);
      REQUIRE(nvgpuctl::glob_match(to_string(*address), to_string(*address)));
    }
    REQUIRE(nvgpuctl::glob_match("*", line));
  }
  const auto selected = nvgpuctl::select_gpus(targets, selectors);
  if (!selected) {
    REQUIRE(selected.error().code == Errc::usage ||
            selected.error().code == Errc::no_such_gpu);
    REQUIRE(!selected.error().problem.empty());
    return 0;
  }
  REQUIRE(std::is_sorted(selected->begin(), selected->end()));
  REQUIRE(std::adjacent_find(selected->begin(), selected->end()) ==
          selected->end());
  REQUIRE(selected->empty() || selected->back() < targets.gpus.size());
  REQUIRE(selected->empty() == selectors.empty());
  return 0;
}
