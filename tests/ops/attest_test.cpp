// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gtest/gtest-spi.h>

#include "base/text.hpp"
#include "support/scripted_vfio.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kUsable = 0x17A0000000;
constexpr std::uint64_t kReserved = 0x44F00000;
using Bytes4 = std::vector<std::uint8_t>;
const Bytes4 kOnes{0xFF, 0xFF, 0xFF, 0xFF};
const Bytes4 kReady{0xFF, 0, 0, 0};

ObservedRegion region(unsigned index, std::uint64_t size,
                      std::optional<std::uint64_t> backed = std::nullopt) {
  ObservedRegion one;
  one.index = index;
  one.flags = backed ? 0xF : 0x7;
  one.size = size;
  one.offset = std::uint64_t{index} << 40U;
  if (backed) {
    one.sparse = {{0, *backed}};
    one.sparse_version = 1;
  }
  return one;
}

void expect_gh200_regions(ScriptedVfio& device) {
  device.expect_info({.flags = 3, .num_regions = 9})
      .expect_region(region(0, 16 * kMiB))
      .expect_region(region(2, 2 * kGiB, kReserved))
      .expect_region(region(4, 128 * kGiB, kUsable))
      .expect_region(region(7, 4096));
}

void expect_tails_and_readiness(ScriptedVfio& device) {
  device.expect_read(2, kReserved, {0xFF})
      .expect_read(4, kUsable, {0xFF})
      .expect_read(0, 0x1498, kReady)
      .expect_read(0, 0x200BC, kReady);
}

// BAR 2 holds 0x6620'0000'000C, BAR 4 nothing but its type.
void expect_sizing(ScriptedVfio& device) {
  device.expect_read(7, 0x18, {0x0C, 0, 0, 0})
      .expect_read(7, 0x1C, {0x20, 0x66, 0, 0})
      .expect_write(0x18, 0xFFFFFFFF)
      .expect_write(0x1C, 0xFFFFFFFF)
      .expect_read(7, 0x18, {0x0C, 0, 0, 0x80})
      .expect_read(7, 0x1C, kOnes)
      .expect_write(0x18, 0x0000000C)
      .expect_write(0x1C, 0x00006620);
  device.expect_read(7, 0x20, {0x0C, 0, 0, 0})
      .expect_read(7, 0x24, {0, 0, 0, 0})
      .expect_write(0x20, 0xFFFFFFFF)
      .expect_write(0x24, 0xFFFFFFFF)
      .expect_read(7, 0x20, {0x0C, 0, 0, 0})
      .expect_read(7, 0x24, {0xE0, 0xFF, 0xFF, 0xFF})
      .expect_write(0x20, 0x0000000C)
      .expect_write(0x24, 0);
}

TEST(Attestation, ReadsEverythingAndPutsTheBarsBack) {
  ScriptedVfio device;
  expect_gh200_regions(device);
  expect_tails_and_readiness(device);
  expect_sizing(device);
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->flags, 3U);
  EXPECT_EQ(seen->num_regions, 9U);
  EXPECT_EQ(seen->regions.size(), 4U);
  EXPECT_EQ(seen->tail2, 0xFF);
  EXPECT_EQ(seen->tail4, 0xFF);
  EXPECT_EQ(seen->c2c_ready, 0xFFU);
  EXPECT_EQ(seen->hbm_ready, 0xFFU);
  EXPECT_EQ(seen->bar2_mask, 0xFFFFFFFF8000000CU);
  EXPECT_EQ(seen->bar4_mask, 0xFFFFFFE00000000CU);
  EXPECT_THAT(seen->problems, IsEmpty());
}

TEST(Attestation, OfAGoodGh200PassesEveryCheck) {
  ScriptedVfio device;
  expect_gh200_regions(device);
  expect_tails_and_readiness(device);
  expect_sizing(device);
  const auto plan = plan_regions(0x420000000000, 0x17E4F00000, Layout::split,
                                 MigErratum::present);
  const auto seen = observe(device);
  ASSERT_TRUE(plan && seen);
  const auto section = check_regions(*plan, *seen);
  EXPECT_EQ(overall({section}), Verdict::pass);
}

TEST(Attestation, PutsABarBackWhenTheReadBetweenFails) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 9})
      .expect_region(region(0, 0))
      .expect_region(region(2, 0))
      .expect_region(region(4, 128 * kGiB))
      .expect_region(region(7, 4096))
      .expect_read(7, 0x20, {0x0C, 0, 0, 0})
      .expect_read(7, 0x24, {1, 0, 0, 0})
      .expect_write(0x20, 0xFFFFFFFF)
      .expect_write(0x24, 0xFFFFFFFF)
      .expect_read(7, 0x20, kOnes)
      .failing("Input/output error")
      .expect_write(0x20, 0x0C)
      .expect_write(0x24, 1);
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->bar4_mask, std::nullopt);
  EXPECT_THAT(seen->problems,
              ElementsAre("configuration space at 0x20: Input/output error"));
}

TEST(Attestation, PutsABarBackWhenOnlyHalfOfItWasWritten) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 9})
      .expect_region(region(0, 0))
      .expect_region(region(2, 0))
      .expect_region(region(4, 128 * kGiB))
      .expect_region(region(7, 4096))
      .expect_read(7, 0x20, {0x0C, 0, 0, 0})
      .expect_read(7, 0x24, {1, 0, 0, 0})
      .expect_write(0x20, 0xFFFFFFFF)
      .expect_write(0x24, 0xFFFFFFFF)
      .failing("Input/output error")
      .expect_write(0x20, 0x0C)
      .expect_write(0x24, 1);
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_THAT(seen->problems, ElementsAre("sizing BAR 4: Input/output error"));
}

TEST(Attestation, TriesBothHalvesAndFailsWhenABarCannotBePutBack) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 9})
      .expect_region(region(0, 0))
      .expect_region(region(2, 0))
      .expect_region(region(4, 128 * kGiB))
      .expect_region(region(7, 4096))
      .expect_read(7, 0x20, {0x0C, 0, 0, 0})
      .expect_read(7, 0x24, {1, 0, 0, 0})
      .expect_write(0x20, 0xFFFFFFFF)
      .expect_write(0x24, 0xFFFFFFFF)
      .expect_read(7, 0x20, kOnes)
      .expect_read(7, 0x24, kOnes)
      .expect_write(0x20, 0x0C)
      .failing("No such device")
      .expect_write(0x24, 1);
  const auto seen = observe(device);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().subject, "BAR 4");
  EXPECT_EQ(seen.error().problem,
            "its value 0x10000000c could not be put back: No such device");
}

TEST(Attestation, SizesNothingWhoseValueItCouldNotRead) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 9})
      .expect_region(region(0, 0))
      .expect_region(region(2, 0))
      .expect_region(region(4, 128 * kGiB))
      .expect_region(region(7, 4096))
      .expect_read(7, 0x20, {0, 0, 0, 0})
      .failing("Input/output error");
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->bar4_mask, std::nullopt);
}

TEST(Attestation, RecordsReadsThatTheDeviceRefusesAndGoesOn) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 5})
      .expect_region(region(0, 16 * kMiB))
      .expect_region(region(2, 0))
      .expect_region(region(4, 128 * kGiB, kUsable))
      .expect_read(4, kUsable, {0})
      .failing("Invalid argument")
      .expect_read(0, 0x1498, kReady)
      .failing("Input/output error")
      .expect_read(0, 0x200BC, kReady);
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->tail4, std::nullopt);
  EXPECT_EQ(seen->c2c_ready, std::nullopt);
  EXPECT_EQ(seen->hbm_ready, 0xFFU);
  EXPECT_THAT(seen->problems,
              ElementsAre("region 4 at 0x17a0000000: Invalid argument",
                          "region 0 at 0x1498: Input/output error"));
}

TEST(Attestation, DoesNotReadTailsThatAreNotThere) {
  ScriptedVfio device;
  auto overflowing = region(4, 128 * kGiB, kUsable);
  overflowing.sparse = {{0xFFFFFFFFFFFFFFFF, 2}};
  device.expect_info({.flags = 2, .num_regions = 5})
      .expect_region(region(0, 0x1000))
      .expect_region(region(2, 2 * kGiB, 2 * kGiB))
      .expect_region(overflowing);
  const auto seen = observe(device);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->tail2, std::nullopt);
  EXPECT_EQ(seen->tail4, std::nullopt);
  EXPECT_EQ(seen->c2c_ready, std::nullopt) << "BAR 0 is too small";
}

TEST(Attestation, FailsWhenTheDeviceDoesNotDescribeItself) {
  ScriptedVfio device;
  device.expect_info({}).failing("No such device");
  const auto seen = observe(device);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().problem, "No such device");
}

TEST(Attestation, FailsWhenARegionDoesNotDescribeItself) {
  ScriptedVfio device;
  device.expect_info({.flags = 2, .num_regions = 9})
      .expect_region(region(0, 0))
      .failing("Invalid argument");
  EXPECT_FALSE(observe(device));
}

TEST(ScriptedDevice, FailsTheTestWhenAnExpectationIsLeftOver) {
  EXPECT_NONFATAL_FAILURE({ ScriptedVfio().expect_write(0x20, 1); },
                          "never called: write 0x1 to config 0x20");
}

}  // namespace
}  // namespace nvgpuctl
