// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/vfio_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// An answer of VFIO_DEVICE_GET_REGION_INFO, put together dword by dword.
class Answer {
 public:
  Answer(std::uint32_t flags, std::uint32_t cap_offset,
         std::uint64_t size = 128 * kGiB) {
    word(0).word(flags).word(4).word(cap_offset);
    wide(size).wide(std::uint64_t{4} << 40U);
  }
  Answer& word(std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) {
      bytes_.push_back(static_cast<std::uint8_t>(value >> 8U * i));
    }
    return *this;
  }
  Answer& wide(std::uint64_t value) {
    word(static_cast<std::uint32_t>(value));
    return word(static_cast<std::uint32_t>(value >> 32U));
  }
  Answer& header(std::uint16_t id, std::uint16_t version, std::uint32_t next) {
    return word(std::uint32_t{version} << 16U | id).word(next);
  }
  Answer& sparse(std::uint32_t next, std::uint64_t offset, std::uint64_t size) {
    header(1, 1, next).word(1).word(0);
    return wide(offset).wide(size);
  }
  ObservedRegion parse() const {
    auto region = parse_region_info(bytes_);
    EXPECT_TRUE(region);
    return std::move(*region);
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

TEST(RegionInfo, TellsFlagsSizeAndOffset) {
  const auto region = Answer(7, 0).parse();
  EXPECT_EQ(region.index, 4U);
  EXPECT_EQ(region.flags, 7U);
  EXPECT_EQ(region.size, 128 * kGiB);
  EXPECT_EQ(region.offset, 0x40000000000U);
  EXPECT_EQ(region.sparse, std::nullopt);
  EXPECT_THAT(region.problems, IsEmpty());
}

TEST(RegionInfo, HasTheSparseAreaOfGraceMemory) {
  const auto region = Answer(15, 32).sparse(0, 0, 0x17A0000000).parse();
  ASSERT_TRUE(region.sparse);
  ASSERT_THAT(*region.sparse, SizeIs(1));
  EXPECT_EQ(region.sparse->front().offset, 0U);
  EXPECT_EQ(region.sparse->front().size, 0x17A0000000U);
  EXPECT_EQ(region.sparse_version, 1);
  EXPECT_THAT(region.problems, IsEmpty());
}

TEST(RegionInfo, HasTheTypeOfADeviceSpecificRegion) {
  const auto region =
      Answer(15, 32).header(2, 1, 0).word(0x800010DE).word(1).parse();
  ASSERT_TRUE(region.type);
  EXPECT_EQ(region.type->type, 0x800010DEU);
  EXPECT_EQ(region.type->subtype, 1U);
  EXPECT_EQ(region.sparse, std::nullopt);
  EXPECT_THAT(region.problems, IsEmpty());
}

TEST(RegionInfo, FollowsAChainOfSeveral) {
  const auto region = Answer(15, 32)
                          .header(3, 1, 40)  // MSI-X mappable
                          .sparse(72, 4096, 8192)
                          .header(2, 1, 0)
                          .word(1)
                          .word(2)
                          .parse();
  EXPECT_THAT(*region.sparse, SizeIs(1));
  EXPECT_EQ(region.type->subtype, 2U);
  EXPECT_THAT(region.problems, IsEmpty());
}

TEST(RegionInfo, LooksForNoChainWithoutTheFlag) {
  const auto region = Answer(7, 32).sparse(0, 0, 4096).parse();
  EXPECT_EQ(region.sparse, std::nullopt);
}

TEST(RegionInfo, NoticesAFlagWithoutAChain) {
  EXPECT_THAT(Answer(15, 0).parse().problems,
              ElementsAre("the capability flag is set, but no capability is "
                          "given"));
}

TEST(RegionInfo, CutsAChainThatLoops) {
  const auto region = Answer(15, 32).header(3, 1, 40).header(3, 1, 32).parse();
  EXPECT_THAT(region.problems,
              ElementsAre("the capability chain comes back to 0x20"));
}

TEST(RegionInfo, CutsAChainThatLeavesTheAnswer) {
  EXPECT_THAT(Answer(15, 32).header(3, 1, 0xFFFFFFF8).parse().problems,
              ElementsAre("capability at 0xfffffff8 is outside the answer's "
                          "0x20 to 0x28"));
  EXPECT_THAT(Answer(15, 36).header(3, 1, 0).parse().problems, SizeIs(1))
      << "the header itself does not fit";
}

TEST(RegionInfo, CutsAChainThatPointsIntoTheStructure) {
  EXPECT_THAT(Answer(15, 8).parse().problems,
              ElementsAre("capability at 0x8 is outside the answer's 0x20 to "
                          "0x20"));
}

TEST(RegionInfo, NoticesCapabilitiesThatOverlap) {
  // The second header stands where the first one's area does.
  const auto region = Answer(15, 32)
                          .header(1, 1, 48)
                          .word(1)
                          .word(0)
                          .header(3, 1, 0)
                          .wide(4096)
                          .parse();
  EXPECT_THAT(region.problems,
              testing::Contains("capabilities at 0x20 and 0x30 overlap"));
}

TEST(RegionInfo, RefusesMoreAreasThanTheAnswerHolds) {
  const auto region =
      Answer(15, 32).header(1, 1, 0).word(0x10000001).word(0).parse();
  EXPECT_EQ(region.sparse, std::nullopt);
  EXPECT_THAT(region.problems,
              ElementsAre("the sparse-mmap capability at 0x20 does not fit "
                          "into the answer"));
}

TEST(RegionInfo, RefusesATypeThatIsCutOff) {
  const auto region = Answer(15, 32).header(2, 1, 0).word(1).parse();
  EXPECT_EQ(region.type, std::nullopt);
  EXPECT_THAT(region.problems,
              ElementsAre("the type capability at 0x20 does not fit into the "
                          "answer"));
}

TEST(RegionInfo, KeepsTheFirstOfTwoEqualCapabilities) {
  const auto region =
      Answer(15, 32).sparse(64, 0, 4096).sparse(0, 0, 8192).parse();
  EXPECT_EQ(region.sparse->front().size, 4096U);
  EXPECT_THAT(region.problems,
              ElementsAre("there are two sparse-mmap capabilities"));
}

TEST(RegionInfo, NoticesAreasOutsideTheRegion) {
  EXPECT_THAT(Answer(15, 32, 4096).sparse(0, 0, 8192).parse().problems,
              ElementsAre("the mappable area 0x0 of 0x2000 bytes is not inside "
                          "the region"));
  EXPECT_THAT(
      Answer(15, 32).sparse(0, 0xFFFFFFFFFFFFF000, 0x2000).parse().problems,
      SizeIs(1))
      << "whose end wraps round";
  EXPECT_THAT(Answer(15, 32).sparse(0, 0, 0).parse().problems, SizeIs(1));
}

TEST(RegionInfo, NoticesAreasThatOverlap) {
  auto answer = Answer(15, 32);
  answer.header(1, 1, 0).word(2).word(0);
  answer.wide(4096).wide(4096).wide(0).wide(8192);
  EXPECT_THAT(answer.parse().problems,
              ElementsAre("mappable areas 0x0 and 0x1000 overlap"));
}

TEST(RegionInfo, FailsWhenTheStructureIsCutOff) {
  const std::vector<std::uint8_t> bytes(31);
  const auto region = parse_region_info(bytes);
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().code, Errc::malformed);
  EXPECT_EQ(region.error().subject, "VFIO_DEVICE_GET_REGION_INFO");
  EXPECT_EQ(region.error().problem, "the answer has only 31 bytes");
}

TEST(ShortAnswer, IsTheStructureAlone) {
  const std::vector<std::uint8_t> bytes{64, 0, 0, 0, 15, 0, 0, 0, 4, 0, 0,
                                        0,  0, 0, 0, 0,  0, 0, 0, 0, 0, 0,
                                        0,  0, 0, 0, 0,  0, 0, 0, 0, 0};
  const auto answer = parse_short_answer(bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->argsz, 64U);
  EXPECT_EQ(answer->flags, 15U);
  EXPECT_EQ(answer->cap_offset, 0U);
}

TEST(DeviceInfo, TellsFlagsAndRegions) {
  const std::vector<std::uint8_t> bytes{24, 0, 0, 0, 3, 0, 0, 0,
                                        9,  0, 0, 0, 5, 0, 0, 0};
  const auto device = parse_device_info(bytes);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->flags, 3U);
  EXPECT_EQ(device->num_regions, 9U);
  EXPECT_THAT(device->problems, IsEmpty());
}

TEST(DeviceInfo, NoticesAChainThatLoops) {
  const std::vector<std::uint8_t> bytes{32, 0, 0, 0, 0x83, 0,  0,  0, 9, 0, 0,
                                        0,  5, 0, 0, 0,    24, 0,  0, 0, 0, 0,
                                        0,  0, 5, 0, 1,    0,  24, 0, 0, 0};
  const auto device = parse_device_info(bytes);
  ASSERT_TRUE(device);
  EXPECT_THAT(device->problems,
              ElementsAre("the capability chain comes back to 0x18"));
}

TEST(DeviceInfo, FailsWhenTheStructureIsCutOff) {
  const std::vector<std::uint8_t> bytes(15);
  const auto device = parse_device_info(bytes);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Errc::malformed);
  EXPECT_EQ(device.error().subject, "VFIO_DEVICE_GET_INFO");
}

}  // namespace
}  // namespace nvgpuctl
