// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/policy_match.hpp"

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

TEST(Policy, RefusesDriversAndMatchesThatMakeNoSense) {
  const auto meant = refusal(kHead + "  - match: all\n    driver: xvariant\n");
  EXPECT_EQ(meant.subject, "policy.yaml:5:13");
  EXPECT_EQ(meant.problem, "'xvariant' is no driver");
  EXPECT_EQ(meant.hint, "did you mean \"variant\"?");
  // No driver has this name in sysfs.
  EXPECT_EQ(
      refusal(kHead + "  - match: all\n    driver: nvgrace-gpu-vfio-pci\n")
          .hint,
      "the driver is called nvgrace_gpu_vfio_pci, and variant means it");
  EXPECT_EQ(refusal(kHead + "  - match: all\n    driver: ../x\n").problem,
            "'../x' is no driver");
  EXPECT_EQ(refusal(kHead + "  - match: all\n    driver: none\n"
                            "    layout: single\n")
                .problem,
            "layout is a matter of the variant driver alone");
  EXPECT_EQ(
      refusal(kHead + "  - match: {address: \"9:1:0.0\", model: x}\n").problem,
      "match must have one key");
  EXPECT_EQ(refusal(kHead + "  - match: all\n    gi-nodes: 65\n").problem,
            "gi-nodes must be a number from 1 to 64");
}

TEST(Policy, RefusesToStopWhatIsNoServiceOrIsThereTwice) {
  const std::string key = "  - match: all\n    quiesce: ";
  const auto bare = refusal(kHead + key + "[a.service, nvidia-dcgm]\n");
  EXPECT_EQ(bare.subject, "policy.yaml:5:26");
  EXPECT_EQ(bare.problem, "'nvidia-dcgm' is no name of a service");
  EXPECT_EQ(bare.hint, "did you mean \"nvidia-dcgm.service\"?");
  const auto path = refusal(kHead + key + "[../x]\n");
  EXPECT_EQ(path.problem, "'../x' is no name of a service");
  EXPECT_EQ(path.hint, "it looks like \"nvidia-dcgm.service\"");
  EXPECT_EQ(refusal(kHead + key + "[\"-H.service\"]\n").problem,
            "'-H.service' is no name of a service");
  const auto twice = refusal(kHead + key + "[a.service, a.service]\n");
  EXPECT_EQ(twice.subject, "policy.yaml:5:26");
  EXPECT_EQ(twice.problem, "'a.service' is there twice");
  std::string many = "[u0.service";
  for (int i = 1; i <= 16; ++i) {
    many += ", u" + std::to_string(i) + ".service";
  }
  EXPECT_EQ(refusal(kHead + key + many + "]\n").problem,
            "quiesce names more than 16 services");
  EXPECT_EQ(refusal(kHead + key + "a.service\n").problem,
            "quiesce must be a list, not a single value");
  EXPECT_EQ(refusal(kHead + "  - match: all\n    quiece: []\n").hint,
            "did you mean \"quiesce\"?");
}

TEST(Policy, LetsNobodyBeStoppedUnlessItSaysSo) {
  EXPECT_FALSE(use_rules(rule("  - match: all\n")));
  const auto memory = use_rules(rule("  - match: all\n    quiesce: []\n"));
  ASSERT_TRUE(memory);
  EXPECT_TRUE(memory->quiesce);
  EXPECT_FALSE(memory->force);
  EXPECT_TRUE(memory->units.empty());
}

TEST(Policy, IsWrittenAsItIsRead) {
  const std::string text =
      kHead +
      "  - match: {acpi-path: \"\\\\_SB_.PCI9\", address: \"0009:01:00.0\"}\n"
      "    driver: variant\n"
      "    layout: single\n"
      "    at-boot: leave\n"
      "    quiesce: [\"b.service\", \"a@1\\\\x2d.service\"]\n"
      "    on-release: keep\n"
      "    domains: [\"a \\\"b\\\"\"]\n"
      "    managed: no\n"
      "    gi-nodes: 8\n"
      "  - match: {model: \"GB200\"}\n"
      "    driver: \"nvidia\"\n"
      "  - match: all\n"
      "    driver: none\n";
  const auto policy = parse_policy(text, "policy.yaml");
  ASSERT_TRUE(policy) << policy.error().subject << policy.error().problem;
  EXPECT_EQ(write_policy(*policy, {}), text);
  EXPECT_EQ(policy->rules[0].place, "policy.yaml:4:5");
}

TEST(Policy, IsWrittenWithNotesThatStayInTheirLine) {
  Policy policy;
  policy.rules.push_back(rule("  - match: all\n    driver: none\n"));
  EXPECT_EQ(write_policy(policy, {"x\n  - match: all\n\x1b[2J"}),
            kHead +
                "  # x?  - match: all??[2J\n"
                "  - match: all\n    driver: none\n");
}

TEST(Policy, CanNameAGpuByPrintableAsciiAlone) {
  EXPECT_TRUE(can_name_gpus("\\_SB_.PCI9.RP00.GPU0"));
  for (const std::string text : {"", "a\nb", "a\x7f", "a\xff", "\x1b[m"}) {
    EXPECT_FALSE(can_name_gpus(text)) << text;
    EXPECT_FALSE(parse_policy(
        kHead + "  - match: {acpi-path: " + json_quoted(text) + "}\n",
        "policy.yaml"))
        << text;
  }
  EXPECT_FALSE(can_name_gpus(std::string(256, 'a')));
}

// Two GPUs; each test says what they have in common.
std::vector<Gpu> two_gpus() {
  auto gpus = assemble(gh200_host());
  gpus.push_back(gpus.front());
  gpus[1].pci.address = {0x19, 1, 0, 0};
  gpus[1].pci.acpi_path = "\\_SB_.PC19.RP00.GPU0";
  return gpus;
}

Result<PolicyMatch> match_two(const std::string& rules,
                              const std::vector<Gpu>& gpus, Policy& policy) {
  policy = *parse_policy(kHead + rules, "policy.yaml");
  return match_policy(policy, gpus);
}

TEST(PolicyMatch, FindsAMovedGpuByItsPath) {
  Policy policy;
  const auto match = match_two(
      "  - match: {acpi-path: '\\_SB_.PC19.RP00.GPU0', address: "
      "\"0009:01:00.0\"}\n",
      two_gpus(), policy);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->rules[0], nullptr);
  EXPECT_EQ(match->rules[1], policy.rules.data());
}

TEST(PolicyMatch, GoesByTheAddressWhereTheKernelTellsNoPath) {
  Policy policy;
  auto gpus = two_gpus();
  gpus[0].pci.acpi_path.reset();
  const auto match = match_two(
      "  - match: {acpi-path: '\\_SB_.GONE', address: \"0009:01:00.0\"}\n",
      gpus, policy);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->rules[0], policy.rules.data());
}

TEST(PolicyMatch, RefusesARuleThatNamesOneGpuAndFitsTwo) {
  Policy policy;
  auto gpus = two_gpus();
  gpus[0].pci.acpi_path.reset();
  const auto match = match_two(
      "  - match: {acpi-path: '\\_SB_.PC19.RP00.GPU0', address: "
      "\"0009:01:00.0\"}\n",
      gpus, policy);
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().code, Errc::malformed);
  EXPECT_EQ(match.error().subject, "policy.yaml:4:5");
  EXPECT_EQ(match.error().problem,
            "the rule names one GPU and fits two, 0009:01:00.0 and "
            "0019:01:00.0");
}

TEST(PolicyMatch, TellsOfAGpuThatIsNotThere) {
  Policy policy;
  const auto match = match_two(
      "  - match: {address: \"0029:01:00.0\"}\n  - match: {model: GB200}\n",
      two_gpus(), policy);
  ASSERT_TRUE(match);
  ASSERT_EQ(match->absent.size(), 1U);
  EXPECT_EQ(match->absent[0], policy.rules.data());
}

// What is suggested for a model that no GPU has, on a host with a GH200 120GB.
std::string suggested_for(const std::string& model) {
  const auto policy =
      *parse_policy(kHead + "  - match: {model: \"" + model + "\"}\n", "p");
  const auto known = check_models(
      policy, {"GB200", "GB300", "GH200 120GB", "GH200 480GB"}, two_gpus());
  return known ? "" : known.error().hint;
}

TEST(PolicyMatch, SuggestsModelsThatBeginWithTheWordAndThoseOfTheHostFirst) {
  EXPECT_EQ(suggested_for("GH200"), "did you mean \"GH200 120GB\"?");
  EXPECT_EQ(suggested_for("gh200 4"), "did you mean \"GH200 480GB\"?");
  EXPECT_EQ(suggested_for("GB"), "did you mean \"GB200\" or \"GB300\"?");
  EXPECT_EQ(suggested_for("GH200 180GB"), "did you mean \"GH200 120GB\"?");
  EXPECT_EQ(suggested_for("GB20O"), "did you mean \"GB200\"?");
  EXPECT_EQ(suggested_for("H100"),
            "known: GB200, GB300, GH200 120GB, GH200 480GB");
}

TEST(PolicyMatch, TellsOfRulesForModelsThatNoGpuIs) {
  const auto policy =
      *parse_policy(kHead +
                        "  - match: {model: \"GH200 120GB\"}\n"
                        "  - match: {model: \"GB200\"}\n  - match: all\n",
                    "p");
  const auto idle = rules_without_gpu(policy, two_gpus());
  ASSERT_EQ(idle.size(), 1U);
  EXPECT_EQ(idle[0], &policy.rules[1]);
}

TEST(PolicyMatch, RefusesTwoLayoutsOnOneHost) {
  Policy policy;
  const auto match = match_two(
      "  - match: {address: \"0009:01:00.0\"}\n    layout: split\n"
      "  - match: all\n    layout: single\n",
      two_gpus(), policy);
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().subject, "policy.yaml:6:5");
  EXPECT_EQ(match.error().problem,
            "layout single here and layout split at policy.yaml:4:5");
}

// The driver that the udev rule keeps a GPU for.
std::string kept(const HostSnapshot& host,
                 OtherManagers managers = OtherManagers::refuse) {
  return kept_for(host, only_gpu(host),
                  rule("  - match: all\n    driver: variant\n"), managers);
}

TEST(KeptFor, IsTheVariantDriverAlsoWhileAnotherHasTheGpu) {
  auto host = gh200_host();
  EXPECT_EQ(kept(host), "nvgrace_gpu_vfio_pci");
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  EXPECT_EQ(kept(host), "nvgrace_gpu_vfio_pci");
}

TEST(KeptFor, IsNobodyForAGpuThatCannotBeBound) {
  auto host = gh200_host();
  host.acpi.dsds.clear();
  EXPECT_EQ(kept(host), "");
}

TEST(KeptFor, IsNobodyWhileAnotherManagerHasTheGpu) {
  auto host = gh200_host();
  host.managers.emplace().vfio_ids =
      vfio_ids_of_command_line("vfio-pci.ids=10de:2342");
  EXPECT_EQ(kept(host), "");
  EXPECT_EQ(kept(host, OtherManagers::take), "nvgrace_gpu_vfio_pci");
  // Not by an id once it is bound either: the next boot begins without.
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  EXPECT_EQ(kept(host), "");
}

TEST(KeptFor, IsTheDriverThatIsNamed) {
  const auto host = gh200_host();
  const auto gpu = only_gpu(host);
  const auto named = [&](const std::string& text) {
    return kept_for(host, gpu, rule("  - match: all\n" + text),
                    OtherManagers::refuse);
  };
  EXPECT_EQ(named("    driver: none\n"), "none");
  EXPECT_EQ(named("    driver: nvidia\n"), "nvidia");
  EXPECT_EQ(named("    driver: origin\n"), "");
  EXPECT_EQ(named("    driver: variant\n    at-boot: leave\n"), "");
}

}  // namespace
}  // namespace nvgpuctl
