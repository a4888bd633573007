// SPDX-License-Identifier: GPL-2.0-or-later
// A file of modprobe.d, of a capture or of an initramfs in one.
#include <cstdint>

#include "core/modprobe_rules.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  nvgpuctl::ModprobeRules rules;
  nvgpuctl::add_modprobe_rules(text, "x.conf", rules);
  nvgpuctl::add_command_line_rules(text, rules);
  for (const auto& [module, place] : rules.kept_off) {
    REQUIRE(module.find('-') == std::string::npos);
    REQUIRE(place.starts_with("x.conf:") || place == "/proc/cmdline");
  }
  for (const auto& softdep : rules.softdeps) {
    REQUIRE(!softdep.module.empty());
  }
  return 0;
}
