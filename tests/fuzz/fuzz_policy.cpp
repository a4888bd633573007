// SPDX-License-Identifier: GPL-2.0-or-later
// /etc/nvgpuctl/policy.yaml
#include <cstdint>

#include "core/policy_match.hpp"
#include "fuzz/require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace nvgpuctl;
  const auto policy =
      parse_policy({reinterpret_cast<const char*>(data), size}, "policy.yaml");
  if (!policy) {
    REQUIRE(policy.error().subject.starts_with("policy.yaml"));
    REQUIRE(!policy.error().problem.empty());
    return 0;
  }
  for (const auto& rule : policy->rules) {
    const int ways = (rule.all ? 1 : 0) +
                     (rule.address || !rule.acpi_path.empty() ? 1 : 0) +
                     (rule.model.empty() ? 0 : 1);
    REQUIRE(ways == 1);
    REQUIRE(rule.place.starts_with("policy.yaml:"));
  }
  // What is written is read as the same; quotes and indentation can make it
  // longer than a file may be.
  const auto text = write_policy(*policy, {});
  const auto again = parse_policy(text, "policy.yaml");
  REQUIRE(again || text.size() > 64UL * 1024);
  REQUIRE(!again || write_policy(*again, {}) == text);
  // Where no rule matches, anybody may have it.
  const auto rule = rule_for(*policy, Gpu{});
  REQUIRE(rule.all || rule.address || allows(rule, "any"));
  return 0;
}
