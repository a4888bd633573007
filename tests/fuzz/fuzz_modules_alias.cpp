// SPDX-License-Identifier: GPL-2.0-or-later
// modules.alias, modules.dep and a device's modalias, which may all be forged.
// The first line is the modalias.
#include <algorithm>
#include <cstdint>

#include "core/modules_alias.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto modalias = text.substr(0, end);
  const auto file = text.substr(std::min(end + 1, text.size()));

  const auto aliases = nvgpuctl::parse_vfio_aliases(file);
  for (const auto& alias : aliases) {
    REQUIRE(!alias.pattern.empty() && !alias.module.empty());
    REQUIRE(alias.pattern.find_first_of(" \t\n") == std::string::npos);
    REQUIRE(alias.module.find_first_of(" \t\n") == std::string::npos);
  }
  const auto matches = nvgpuctl::match_vfio_aliases(aliases, modalias);
  REQUIRE(matches.size() <= aliases.size());
  const auto stars = [](const nvgpuctl::VfioAlias& alias) {
    return std::count(alias.pattern.begin(), alias.pattern.end(), '*');
  };
  for (std::size_t i = 1; i < matches.size(); ++i) {
    REQUIRE(stars(matches[i - 1]) <= stars(matches[i]));
  }
  for (const auto& path :
       nvgpuctl::find_module_files(file, "nvgrace_gpu_vfio_pci")) {
    REQUIRE(path.find(':') == std::string::npos);
    REQUIRE(path.find('\n') == std::string::npos);
  }
  return 0;
}
