// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/selector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SelectorTargets gb200_host() {
  return {.gpus = {{0x08, 1, 0, 0}, {0x09, 1, 0, 0}, {0x18, 6, 0, 0}},
          .others = {{{0x00, 0x65, 0, 0}, "10de:2330 is no Grace GPU"}}};
}

Result<std::vector<std::size_t>> select(
    const std::vector<std::string>& selectors) {
  return select_gpus(gb200_host(), selectors);
}

TEST(Selector, TakesEveryFormOfAnAddress) {
  for (const auto* text :
       {"0009:01:00.0", "9:1:0.0", "pci_0009_01_00_0", "0009:01:00", "9:1:0"}) {
    const auto selected = select({text});
    ASSERT_TRUE(selected) << text;
    EXPECT_THAT(*selected, ElementsAre(1)) << text;
  }
}

TEST(Selector, NeedsNoDomainWhereOnlyOneGpuFits) {
  const auto selected = select({"06:00.0"});
  ASSERT_TRUE(selected);
  EXPECT_THAT(*selected, ElementsAre(2));
}

TEST(Selector, ListsTheCandidatesOfAnAmbiguousAddress) {
  const auto selected = select({"01:00.0"});
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().code, Errc::usage);
  EXPECT_EQ(selected.error().subject, "01:00.0");
  EXPECT_EQ(selected.error().problem,
            "is ambiguous: 0008:01:00.0, 0009:01:00.0");
  EXPECT_EQ(selected.error().hint, "give the full address");
}

TEST(Selector, MayBeAGlobThatMatchesSeveral) {
  const auto selected = select({"000?:*"});
  ASSERT_TRUE(selected);
  EXPECT_THAT(*selected, ElementsAre(0, 1));
}

TEST(Selector, TakesAGlobInEitherCase) {
  const std::vector<std::string> glob{"*:0A:*"};
  const auto selected =
      select_gpus({.gpus = {{0, 0x0A, 0, 0}}, .others = {}}, glob);
  ASSERT_TRUE(selected);
  EXPECT_THAT(*selected, ElementsAre(0));
}

TEST(Selector, GivesEachGpuOnceInOrder) {
  const auto selected = select({"18:6:0.0", "*", "9:1:0.0"});
  ASSERT_TRUE(selected);
  EXPECT_THAT(*selected, ElementsAre(0, 1, 2));
}

TEST(Selector, GivesNothingForNoSelector) {
  const auto selected = select({});
  ASSERT_TRUE(selected);
  EXPECT_THAT(*selected, IsEmpty());
}

TEST(Selector, ListsWhatThereIsWhenNothingMatches) {
  const auto selected = select({"0029:01:00.0"});
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().code, Errc::no_such_gpu);
  EXPECT_EQ(selected.error().subject, "0029:01:00.0");
  EXPECT_EQ(selected.error().problem, "no such GPU");
  EXPECT_EQ(selected.error().hint,
            "Grace GPUs here: 0008:01:00.0, 0009:01:00.0, 0018:06:00.0");
}

TEST(Selector, SaysThatAGlobMatchesNothing) {
  const auto selected = select({"00ff:*"});
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().code, Errc::no_such_gpu);
  EXPECT_EQ(selected.error().problem, "matches no Grace GPU");
}

TEST(Selector, SaysWhatAnotherFunctionIs) {
  const auto selected = select({"65:00.0"});
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().code, Errc::no_such_gpu);
  EXPECT_EQ(selected.error().subject, "0000:65:00.0");
  EXPECT_EQ(selected.error().problem, "10de:2330 is no Grace GPU");
}

TEST(Selector, SaysThatTheHostHasNoGraceGpu) {
  const std::vector<std::string> one{"9:1:0.0"};
  const auto selected = select_gpus({}, one);
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().hint, "this host has no Grace GPU");
}

TEST(Selector, RefusesWhatIsNoAddress) {
  for (const auto* text : {"", "gpu0", "0009:01:00.8", "0x9:1:0.0", "01:00.",
                           "pci_0009_01_00", "1:2:3:4.0"}) {
    const auto selected = select({text});
    ASSERT_FALSE(selected) << text;
    EXPECT_EQ(selected.error().code, Errc::usage) << text;
    EXPECT_EQ(selected.error().problem, "is no PCI address") << text;
  }
}

TEST(Selector, NamesOnlySomeOfVeryManyGpus) {
  SelectorTargets targets;
  for (std::uint32_t domain = 0; domain < 20; ++domain) {
    targets.gpus.push_back({domain, 1, 0, 0});
  }
  const std::vector<std::string> one{"1:0.0"};
  const auto selected = select_gpus(targets, one);
  ASSERT_FALSE(selected);
  EXPECT_TRUE(selected.error().problem.ends_with(", 000f:01:00.0 and 4 more"));
}

}  // namespace
}  // namespace nvgpuctl
