// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/quiet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Quiet kQuiet{{"nvidia-dcgm.service", "nvidia-persistenced.service"},
                   {{32, 33, 34}, {40}}};

std::vector<std::string> values(const std::vector<Step>& steps) {
  std::vector<std::string> values;
  for (const auto& step : steps) {
    values.push_back(step.value);
  }
  return values;
}

TEST(Quiet, StopsUnitsAndThenTakesMemoryOffline) {
  EXPECT_THAT(
      values(quiesce_steps(kQuiet)),
      ElementsAre("stop nvidia-dcgm.service",
                  "stop nvidia-persistenced.service", "offline 32-34,40"));
}

TEST(Quiet, IsLiftedInTheReverseOrderAndToTheSameZones) {
  const auto steps = restore_steps(kQuiet);
  EXPECT_THAT(values(steps),
              ElementsAre("online_movable 32-34", "online_kernel 40",
                          "start nvidia-persistenced.service",
                          "start nvidia-dcgm.service"));
  for (const auto& step : steps) {
    EXPECT_TRUE(is_restoration(step)) << step.value;
  }
}

TEST(Quiet, IsNoStepWhereNothingIsToBeStopped) {
  EXPECT_THAT(quiesce_steps({}), IsEmpty());
  EXPECT_THAT(restore_steps({}), IsEmpty());
}

TEST(Quiet, AddsUpAndIsTakenAway) {
  const Quiet more{{"nvidia-dcgm.service", "dcgm-exporter.service"},
                   {{34, 35}, {}}};
  const auto both = merged(kQuiet, more);
  EXPECT_THAT(both.units,
              ElementsAre("nvidia-dcgm.service", "nvidia-persistenced.service",
                          "dcgm-exporter.service"));
  EXPECT_THAT(both.memory.movable, ElementsAre(32, 33, 34, 35));
  const auto left = without(both, kQuiet);
  EXPECT_THAT(left.units, ElementsAre("dcgm-exporter.service"));
  EXPECT_THAT(left.memory.movable, ElementsAre(35));
  EXPECT_THAT(left.memory.other, IsEmpty());
}

TEST(Orders, AreReadOnlyAsTheyAreWritten) {
  EXPECT_EQ(parse_block_order("offline 1-2")->word, "offline");
  EXPECT_THAT(parse_block_order("offline 1-2")->blocks, ElementsAre(1, 2));
  for (const auto* text :
       {"", "offline", "online 1", "offline x", "offline 0-4294967295"}) {
    EXPECT_FALSE(parse_block_order(text)) << text;
  }
  EXPECT_EQ(parse_unit_order("stop a.service")->unit, "a.service");
  for (const auto* text :
       {"", "stop", "kill a.service", "stop a", "stop ", "stop -a.service",
        "stop ../a.service", "stop a b.service"}) {
    EXPECT_FALSE(parse_unit_order(text)) << text;
  }
}

}  // namespace
}  // namespace nvgpuctl
