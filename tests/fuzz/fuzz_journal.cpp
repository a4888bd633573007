// SPDX-License-Identifier: GPL-2.0-or-later
// /var/lib/nvgpuctl/journal and the records of origins.
#include <cstdint>

#include "core/journal.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace nvgpuctl;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto journal = parse_journal(text, "journal")) {
    // What is understood is written and understood again, and nothing in it
    // could be anything else than a driver's name.
    const auto again = parse_journal(write_journal_text(*journal), "journal");
    REQUIRE(again.has_value());
    REQUIRE(*again == *journal);
    for (const auto& gpu : journal->gpus) {
      for (const auto* state : {&gpu.before.state, &gpu.after.state}) {
        REQUIRE(state->driver.empty() || is_driver_name(state->driver));
        REQUIRE(!state->driver_override ||
                is_driver_name(*state->driver_override));
      }
    }
  } else {
    REQUIRE(journal.error().subject.starts_with("journal"));
    REQUIRE(!journal.error().problem.empty());
  }
  if (const auto origin = parse_origin(text, "origin")) {
    const auto again = parse_origin(write_origin_text(*origin), "origin");
    REQUIRE(again.has_value());
    REQUIRE(*again == *origin);
  }
  return 0;
}
