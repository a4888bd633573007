// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/pci_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/config_space.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PciConfig parse(const ConfigSpace& space) {
  auto config = parse_pci_config(space.bytes());
  EXPECT_TRUE(config);
  return config ? *config : PciConfig{};
}

// Extended ids and offsets of a GB200 (facts: GB100's dev_pcfg_pf0).
ConfigSpace gb200() {
  auto space = ConfigSpace::gpu(0x2941);
  space.byte(0x34, 0x40).capability(0x40, 0x10, 0x7C);
  space.capability(0x7C, 0x11, 0);
  space.extended(0x100, 0x03, 1, 0x10C);
  space.extended(0x10C, 0x23, 1, 0x300).dvsec(0x10C, 0x1E98, 0, 0x3C);
  space.extended(0x300, 0x10, 1, 0xBA4);
  space.word(0x30C, 32).word(0x30E, 32).word(0x310, 4);
  space.extended(0xBA4, 0x23, 1, 0).dvsec(0xBA4, 0x10DE, 3, 0x10);
  space.word(0xBAE, 1);
  return space;
}

TEST(PciConfig, ReadsTheHeader) {
  const auto config = parse(ConfigSpace::gpu(0x2342));
  EXPECT_TRUE(config.present);
  EXPECT_TRUE(config.extended_readable);
  EXPECT_EQ(config.vendor, 0x10DE);
  EXPECT_EQ(config.device, 0x2342);
  EXPECT_EQ(config.class_code, 0x030200U);
  EXPECT_EQ(config.revision, 0xA1);
  EXPECT_EQ(config.subsystem_vendor, 0x10DE);
  EXPECT_EQ(config.subsystem_device, 0x16EB);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(PciConfig, FollowsBothCapabilityListsInOrder) {
  const auto config = parse(gb200());
  ASSERT_EQ(config.capabilities.size(), 6U);
  EXPECT_EQ(config.capabilities[0].id, 0x10);
  EXPECT_FALSE(config.capabilities[0].extended);
  EXPECT_EQ(config.capabilities[1].offset, 0x7C);
  EXPECT_EQ(config.capabilities[2].offset, 0x100);
  EXPECT_EQ(config.capabilities[2].version, 1);
  EXPECT_TRUE(config.capabilities[2].extended);
  EXPECT_EQ(config.capabilities[5].offset, 0xBA4);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(PciConfig, FindsNvidiasAndTheCxlDvsec) {
  const auto config = parse(gb200());
  ASSERT_EQ(config.dvsecs.size(), 2U);
  EXPECT_EQ(config.dvsecs[1].vendor, 0x10DE);
  EXPECT_EQ(config.dvsecs[1].id, 3);
  EXPECT_EQ(config.dvsecs[1].length, 0x10);
  EXPECT_EQ(config.cxl_device_dvsec(), config.dvsecs[0].offset);
  EXPECT_EQ(config.mig_erratum_fixed, true);
}

TEST(PciConfig, ReadsTheMigBitAndNotItsNeighbours) {
  auto space = gb200();
  space.word(0xBAE, 0xFFFE);
  EXPECT_EQ(parse(space).mig_erratum_fixed, false);
}

TEST(PciConfig, TakesTheMigBitOfTheFirstDvsecAsTheDriverDoes) {
  auto space = gb200();
  space.extended(0xBA4, 0x23, 1, 0xC00);
  space.extended(0xC00, 0x23, 1, 0).dvsec(0xC00, 0x10DE, 3, 0x10);
  EXPECT_EQ(parse(space).mig_erratum_fixed, true);
}

TEST(PciConfig, KnowsNothingOfTheErratumWithoutTheDvsec) {
  EXPECT_EQ(parse(ConfigSpace::gpu(0x2342)).mig_erratum_fixed, std::nullopt);
}

TEST(PciConfig, ReadsSriov) {
  const auto config = parse(gb200());
  ASSERT_TRUE(config.sriov);
  EXPECT_EQ(config.sriov->initial_vfs, 32);
  EXPECT_EQ(config.sriov->total_vfs, 32);
  EXPECT_EQ(config.sriov->num_vfs, 4);
}

TEST(PciConfig, TakesTheHeaderAloneWithoutComplaint) {
  auto space = ConfigSpace::gpu(0x2342, 64);
  space.byte(0x34, 0x40);
  const auto config = parse(space);
  EXPECT_FALSE(config.extended_readable);
  EXPECT_THAT(config.capabilities, IsEmpty());
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(PciConfig, LeavesTheExtendedListWhenOnly256BytesWereReadable) {
  auto space = ConfigSpace::gpu(0x2342, 256);
  space.byte(0x34, 0x40).capability(0x40, 0x01, 0);
  const auto config = parse(space);
  EXPECT_FALSE(config.extended_readable);
  EXPECT_EQ(config.capabilities.size(), 1U);
}

TEST(PciConfig, SaysThatAFunctionWhichReadsAsAllOnesIsNotThere) {
  const std::vector<std::uint8_t> bytes(4096, 0xFF);
  const auto config = parse_pci_config(bytes);
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->present);
  EXPECT_THAT(config->capabilities, IsEmpty());
}

TEST(PciConfig, RefusesLessThanTheHeader) {
  const std::vector<std::uint8_t> bytes(63);
  const auto config = parse_pci_config(bytes);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::malformed);
  EXPECT_EQ(config.error().subject, "configuration space");
  EXPECT_EQ(config.error().problem, "63 bytes, but the header alone has 64");
}

TEST(PciConfig, CutsACapabilityListThatLoops) {
  auto space = ConfigSpace::gpu(0x2342);
  space.byte(0x34, 0x40).capability(0x40, 1, 0x50).capability(0x50, 5, 0x40);
  const auto config = parse(space);
  EXPECT_EQ(config.capabilities.size(), 2U);
  EXPECT_THAT(config.warnings, ElementsAre("capability list loops at 0x40"));
}

TEST(PciConfig, CutsACapabilityListThatLeadsIntoTheHeader) {
  auto space = ConfigSpace::gpu(0x2342);
  space.byte(0x34, 0x10);
  EXPECT_THAT(
      parse(space).warnings,
      ElementsAre("capability list leads to 0x10, outside of the list"));
}

TEST(PciConfig, CutsACapabilityListAtAllOnes) {
  auto space = ConfigSpace::gpu(0x2342);
  space.byte(0x34, 0x40).capability(0x40, 0xFF, 0xFF);
  EXPECT_THAT(parse(space).warnings,
              ElementsAre("capability at 0x40 reads as all ones"));
}

TEST(PciConfig, CutsAnExtendedListThatLoops) {
  auto space = ConfigSpace::gpu(0x2342);
  space.extended(0x100, 3, 1, 0x200).extended(0x200, 1, 1, 0x100);
  const auto config = parse(space);
  EXPECT_EQ(config.capabilities.size(), 2U);
  EXPECT_THAT(config.warnings,
              ElementsAre("extended capability list loops at 0x100"));
}

TEST(PciConfig, CutsAnExtendedListThatLeadsBackBelow256) {
  auto space = ConfigSpace::gpu(0x2342);
  space.extended(0x100, 3, 1, 0x40);
  EXPECT_THAT(parse(space).warnings,
              ElementsAre("extended capability list leads to 0x40, outside of "
                          "the list"));
}

TEST(PciConfig, CutsAnExtendedListThatLeavesWhatWasRead) {
  auto space = ConfigSpace::gpu(0x2342, 1024);
  space.extended(0x100, 3, 1, 0x400);
  EXPECT_THAT(parse(space).warnings,
              ElementsAre("extended capability list leads to 0x400, outside "
                          "of the list"));
}

TEST(PciConfig, NamesADvsecThatTheEndCutsOff) {
  auto space = ConfigSpace::gpu(0x2342);
  space.extended(0x100, 3, 1, 0xFFC).extended(0xFFC, 0x23, 1, 0);
  const auto config = parse(space);
  EXPECT_THAT(config.dvsecs, IsEmpty());
  EXPECT_THAT(config.warnings, ElementsAre("DVSEC at 0xffc is cut off"));
}

TEST(PciConfig, NamesAnSriovCapabilityThatTheEndCutsOff) {
  auto space = ConfigSpace::gpu(0x2342);
  space.extended(0x100, 3, 1, 0xFF8).extended(0xFF8, 0x10, 1, 0);
  const auto config = parse(space);
  EXPECT_FALSE(config.sriov);
  EXPECT_THAT(config.warnings,
              ElementsAre("SR-IOV capability at 0xff8 is cut off"));
}

TEST(PciConfig, DoesNotTakeABridgesFieldsForSubsystemIds) {
  auto space = ConfigSpace::gpu(0x22B1);
  space.byte(0x0E, 0x81);
  const auto config = parse(space);
  EXPECT_EQ(config.subsystem_vendor, 0);
  EXPECT_EQ(config.subsystem_device, 0);
}

}  // namespace
}  // namespace nvgpuctl
