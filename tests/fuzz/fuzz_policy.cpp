// SPDX-License-Identifier: GPL-2.0-or-later
// /etc/nvgpuctl/policy.yaml
#include <cstdint>

#include "core/policy.hpp"
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
    REQUIRE(rule.all + rule.address.has_value() + !rule.acpi_path.empty() +
                !rule.model.empty() ==
            1);
  }
  // Where no rule matches, anybody may have it.
  const auto rule = rule_for(*policy, Gpu{});
  REQUIRE(rule.all || rule.address || allows(rule, "any"));
  return 0;
}
