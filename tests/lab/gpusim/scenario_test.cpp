// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/scenario.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl::gpusim {
namespace {

std::string error_of(std::string_view yaml, std::size_t index = 0) {
  const auto options = parse_scenario(yaml, "s.yaml", index);
  return options ? "none"
                 : options.error().subject + ": " + options.error().problem;
}

TEST(Scenario, GivesAHealthyGh200WhenNothingElseIsSaid) {
  const auto options = parse_scenario(
      "description: One GH200\n"
      "gpus:\n"
      "  - device_id: 0x2342\n"
      "    coherent: {base: 0x100000000, size: 0x98000000}\n"
      "    pxm: {start: 2, count: 4}\n",
      "s.yaml", 0);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->device_id, 0x2342);
  EXPECT_EQ(options->subsystem_id, 0x16EB);
  EXPECT_TRUE(options->dvsec);
  EXPECT_FALSE(options->mig_erratum_fixed);
  EXPECT_FALSE(options->cxl);
  EXPECT_FALSE(options->soft_reset);
  EXPECT_FALSE(options->config_dead);
  EXPECT_EQ(options->ready.c2c, 0xFFU);
  EXPECT_EQ(options->ready.after, std::chrono::milliseconds(0));
  EXPECT_EQ(options->bar_sizes[1], 128 * kGiB);
}

TEST(Scenario, TakesEveryKeyOfSim) {
  const auto options = parse_scenario(
      "gpus:\n"
      "  - device_id: 0x2345\n"
      "  - device_id: 9026\n"
      "    sim:\n"
      "      subsystem_id: 0x1805\n"
      "      mig_erratum_fixed: true\n"
      "      no_dvsec: true\n"
      "      cxl: true\n"
      "      soft_reset: true\n"
      "      ready: {c2c: 0x7f, hbm: 15, after_ms: 2500}\n"
      "      config: dead\n"
      "      bars: {bar0: 0x4000000, bar2: 0x10000000, bar4: 1048576}\n",
      "s.yaml", 1);
  ASSERT_TRUE(options) << options.error().problem;
  EXPECT_EQ(options->device_id, 0x2342);
  EXPECT_EQ(options->subsystem_id, 0x1805);
  EXPECT_TRUE(options->mig_erratum_fixed);
  EXPECT_FALSE(options->dvsec);
  EXPECT_TRUE(options->cxl);
  EXPECT_TRUE(options->soft_reset);
  EXPECT_EQ(options->ready.c2c, 0x7FU);
  EXPECT_EQ(options->ready.hbm, 15U);
  EXPECT_EQ(options->ready.after, std::chrono::milliseconds(2500));
  EXPECT_TRUE(options->config_dead);
  EXPECT_EQ(options->bar_sizes[0], 64 * kMiB);
  EXPECT_EQ(options->bar_sizes[1], 256 * kMiB);
  EXPECT_EQ(options->bar_sizes[2], 1 * kMiB);
}

TEST(Scenario, HasNoMigErratumOnBlackwell) {
  const auto options =
      parse_scenario("gpus: [{device_id: 0x2941}]", "s.yaml", 0);
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->mig_erratum_fixed);
}

TEST(Scenario, MayBeNeverReady) {
  const auto options = parse_scenario(
      "gpus: [{device_id: 0x2342, sim: {ready: {after_ms: never}}}]", "s.yaml",
      0);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->ready.after, std::nullopt);
}

TEST(Scenario, RefusesUnknownKeysWithTheirPlace) {
  EXPECT_EQ(error_of("gpus:\n"
                     "  - device_id: 0x2342\n"
                     "    sim:\n"
                     "      readdy: {}\n"),
            "s.yaml:4:7: unknown key \"readdy\" in sim");
  EXPECT_EQ(error_of("gpus: [{sim: {ready: {c2d: 1}}}]"),
            "s.yaml:1:23: unknown key \"c2d\" in ready");
}

TEST(Scenario, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(error_of("gpus: [{device_id: 0x10000}]"),
            "s.yaml:1:20: device_id must be a number from 1 to 0xfffe");
  EXPECT_EQ(error_of("gpus: [{device_id: \"0x2342\"}]"),
            "s.yaml:1:20: device_id must be a number from 1 to 0xfffe");
  EXPECT_EQ(error_of("gpus: [{sim: {ready: {c2c: -1}}}]"),
            "s.yaml:1:28: c2c must be a number from 0 to 0xffffffff");
}

TEST(Scenario, RefusesBarsThatNoDeviceHas) {
  EXPECT_EQ(error_of("gpus: [{sim: {bars: {bar2: 0x3000000}}}]"),
            "s.yaml:1:21: bar2 must be a power of two");
  EXPECT_EQ(error_of("gpus: [{sim: {bars: {bar0: 0x100000}}}]"),
            "s.yaml:1:28: bar0 must be a number from 16777216 to "
            "0x10000000000");
}

TEST(Scenario, RefusesWhatIsNoScenario) {
  EXPECT_EQ(error_of("gpus: 3"), "s.yaml:1:1: has no list \"gpus\"");
  EXPECT_EQ(error_of("- 1"), "s.yaml:1:1: has no list \"gpus\"");
  EXPECT_EQ(error_of("gpus: [3]"), "s.yaml:1:8: a GPU must be a map");
  EXPECT_EQ(error_of("gpus: [{}]", 1),
            "s.yaml:1:7: has no GPU number 1: there are 1");
  EXPECT_EQ(error_of("gpus: [{sim: 1}]"),
            "s.yaml:1:14: sim must be a map, not a single value");
  EXPECT_EQ(error_of("gpus: [{sim: {cxl: maybe}}]"),
            "s.yaml:1:20: cxl must be one of: false, true");
}

}  // namespace
}  // namespace nvgpuctl::gpusim
