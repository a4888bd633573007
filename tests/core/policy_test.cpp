// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy.hpp"

#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

const std::string kHead = "apiVersion: nvgpuctl/v1\nkind: Policy\ngpus:\n";

PolicyRule rule(const std::string& rules) {
  const auto policy = parse_policy(kHead + rules, "policy.yaml");
  EXPECT_TRUE(policy) << policy.error().subject << policy.error().problem;
  return policy ? rule_for(*policy, only_gpu(gh200_host())) : PolicyRule{};
}

Error refusal(const std::string& yaml) {
  const auto policy = parse_policy(yaml, "policy.yaml");
  EXPECT_FALSE(policy) << yaml;
  return policy ? Error{} : policy.error();
}

TEST(Policy, FindsAGpuByEachOfItsNames) {
  for (const auto* match :
       {"{address: \"0009:01:00.0\"}", "{address: \"9:1:0.0\"}",
        "{acpi-path: '\\_SB_.PCI9.RP00.GPU0'}", "{model: GH200 120GB}",
        "all"}) {
    EXPECT_EQ(
        rule("  - match: " + std::string(match) + "\n    on-release: keep\n")
            .on_release,
        OnRelease::keep)
        << match;
  }
}

TEST(Policy, RefusesWhatOtherManagersClaimUnlessItSaysTake) {
  const auto of = [](const std::string& line) {
    return parse_policy(
        "apiVersion: nvgpuctl/v1\nkind: Policy\n" + line + "gpus: []\n",
        "policy.yaml");
  };
  EXPECT_EQ(of("")->other_managers, OtherManagers::refuse);
  EXPECT_EQ(of("other-managers: refuse\n")->other_managers,
            OtherManagers::refuse);
  EXPECT_EQ(of("other-managers: take\n")->other_managers, OtherManagers::take);
  const auto wrong = of("other-managers: fight\n");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().subject, "policy.yaml:3:17");
  EXPECT_EQ(wrong.error().problem,
            "other-managers must be one of: refuse, take");
}

TEST(Policy, WantsNothingOfAGpuThatNoRuleMatches) {
  const auto none = rule(
      "  - match: {address: \"0019:01:00.0\"}\n    on-release: keep\n"
      "    domains: []\n");
  EXPECT_EQ(none.on_release, OnRelease::automatic);
  EXPECT_TRUE(allows(none, "any"));
}

TEST(Policy, TakesTheFirstRuleThatMatches) {
  EXPECT_EQ(rule("  - match: all\n    on-release: restore\n"
                 "  - match: all\n    on-release: keep\n")
                .on_release,
            OnRelease::restore);
}

TEST(Policy, AllowsTheDomainsOfItsListAlone) {
  const auto listed = rule("  - match: all\n    domains: [a, b c]\n");
  EXPECT_TRUE(allows(listed, "b c"));
  EXPECT_FALSE(allows(listed, "b"));
  EXPECT_FALSE(allows(rule("  - match: all\n    domains: []\n"), "a"));
}

TEST(Policy, IsRefusedWithThePlaceAndASuggestion) {
  const auto key = refusal(kHead + "  - match: all\n    on-relase: keep\n");
  EXPECT_EQ(key.code, Errc::malformed);
  EXPECT_EQ(key.subject, "policy.yaml:5:5");
  EXPECT_EQ(key.problem, "unknown key \"on-relase\" in a rule for GPUs");
  EXPECT_EQ(key.hint, "did you mean \"on-release\"?");
  const auto word = refusal(kHead + "  - match: al\n");
  EXPECT_EQ(word.problem, "match must be one of: all");
  EXPECT_EQ(refusal(kHead + "  - on-release: keep\n").problem,
            "a rule for GPUs lacks \"match\"");
  EXPECT_EQ(refusal(kHead + "  - match: {}\n").problem,
            "match must have one key");
  EXPECT_EQ(refusal(kHead + "  - match: {address: x}\n").problem,
            "'x' is no PCI address");
  EXPECT_EQ(refusal(kHead + "  - match: all\n    domains: vm\n").problem,
            "domains must be a list, not a single value");
  EXPECT_EQ(refusal("kind: Policy\ngpus: []\n").problem,
            "the policy lacks \"apiVersion\"");
}

}  // namespace
}  // namespace nvgpuctl
