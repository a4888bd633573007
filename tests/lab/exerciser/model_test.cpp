// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace exerciser {
namespace {

using testing::ElementsAre;

constexpr unsigned kRegion = 4;
constexpr std::uint64_t kSize = 12 * kKiB;
constexpr std::uint64_t kBarSize = 16 * kKiB;
constexpr std::uint64_t kPage = 4096;

class ModelTest : public testing::Test {
 protected:
  ModelTest() : model_(shape()) {
    model_.open_file(0);
    set_header(2);
    model_.memory(kRegion).write(0, std::vector<std::uint8_t>(kSize, 0x11));
  }
  static Shape shape() {
    Shape shape;
    shape.regions = {{.index = kRegion, .size = kSize, .bar_size = kBarSize}};
    return shape;
  }
  void set_header(std::uint8_t command) {
    std::array<std::uint8_t, ConfigModel::kHeader> header{};
    header[ConfigModel::kCommand] = command;
    model_.config().opened(header);
  }
  void decode_off() {
    model_.config().write(ConfigModel::kCommand, std::vector<std::uint8_t>{0});
  }
  unsigned map(std::uint64_t offset, std::uint64_t length) {
    model_.add_mapping(0, 0,
                       {.region = kRegion, .offset = offset, .length = length});
    return 0;
  }
  long map_result(std::uint64_t offset, std::uint64_t length,
                  bool shared = true) const {
    return model_.map_result({.region = kRegion,
                              .offset = offset,
                              .length = length,
                              .shared = shared});
  }

  Model model_;
};

using Reading = ModelTest;
using Writing = ModelTest;
using Mappings = ModelTest;
using Files = ModelTest;

TEST_F(Reading, CrossesFromMemoryIntoATailOfOnes) {
  const auto reply = model_.read(kRegion, kSize - 2, 4);
  EXPECT_EQ(reply.result, 4);
  EXPECT_THAT(reply.bytes, ElementsAre(0x11, 0x11, 0xFF, 0xFF));
}

TEST_F(Reading, IsCutAtTheEndOfTheBar) {
  EXPECT_EQ(model_.read(kRegion, kBarSize - 3, 100).result, 3);
}

TEST_F(Reading, BehindTheBarIsInvalidUnlessNothingIsRead) {
  EXPECT_EQ(model_.read(kRegion, kBarSize, 1).result, -EINVAL);
  EXPECT_EQ(model_.read(kRegion, kBarSize, 0).result, 0);
}

TEST_F(Reading, FailsWhereMemoryDecodeIsOffButNotInTheTail) {
  decode_off();
  EXPECT_EQ(model_.read(kRegion, kSize - 1, 4).result, -EIO);
  EXPECT_EQ(model_.read(kRegion, kSize, 4).result, 4);
  EXPECT_EQ(model_.read(kRegion, 0, 0).result, 0);
}

TEST_F(Reading, FailsWhileTheFunctionIsSuspendedUntilAReset) {
  model_.set_suspended(true);
  EXPECT_EQ(model_.read(kRegion, 0, 4).result, -EIO);
  model_.reset();
  EXPECT_EQ(model_.read(kRegion, 0, 4).result, 4);
}

TEST_F(Reading, ThroughSeveralBuffersGoesOnWhereTheLastOneEnded) {
  model_.write(kRegion, 0, std::vector<std::uint8_t>{1, 2, 3, 4});
  const std::vector<std::uint32_t> counts{1, 2, 1};
  const auto reply = model_.readv(kRegion, 0, counts);
  EXPECT_EQ(reply.result, 4);
  EXPECT_THAT(reply.bytes, ElementsAre(1, 2, 3, 4));
}

TEST_F(Reading, ThroughSeveralBuffersEndsWithTheBar) {
  const std::vector<std::uint32_t> counts{4, 4, 4};
  EXPECT_EQ(model_.readv(kRegion, kBarSize - 6, counts).result, 6);
  EXPECT_EQ(model_.readv(kRegion, kBarSize, counts).result, -EINVAL);
}

TEST_F(Writing, IsReadBack) {
  EXPECT_EQ(model_.write(kRegion, 4095, std::vector<std::uint8_t>{7, 8}), 2);
  EXPECT_THAT(model_.read(kRegion, 4094, 4).bytes,
              ElementsAre(0x11, 7, 8, 0x11));
}

TEST_F(Writing, InTheTailIsCountedAndDropped) {
  EXPECT_EQ(model_.write(kRegion, kSize - 1, std::vector<std::uint8_t>{7, 8}),
            2);
  EXPECT_THAT(model_.read(kRegion, kSize - 1, 2).bytes, ElementsAre(7, 0xFF));
}

TEST_F(Writing, FailsWhereMemoryDecodeIsOff) {
  decode_off();
  EXPECT_EQ(model_.write(kRegion, 0, std::vector<std::uint8_t>{7}), -EIO);
}

TEST_F(Mappings, MayReachTheEndOfMemoryAndNotBeyond) {
  EXPECT_EQ(map_result(0, kSize), 0);
  EXPECT_EQ(map_result(2 * kPage, kPage - 1), 0);
  EXPECT_EQ(map_result(2 * kPage, kPage + 1), -EINVAL);
  EXPECT_EQ(map_result(3 * kPage, kPage), -EINVAL);
}

TEST_F(Mappings, AreShared) {
  EXPECT_EQ(map_result(0, kPage, false), -EINVAL);
}

TEST_F(Mappings, AreOfWholePages) {
  EXPECT_EQ(map_result(1, kPage), -EINVAL);
  EXPECT_EQ(map_result(0, 0), -EINVAL);
}

TEST_F(Mappings, AreGoneWhileTheMemoryIs) {
  map(0, kPage);
  EXPECT_EQ(model_.touch_result(0, Access::read), Touch::done);
  decode_off();
  EXPECT_EQ(model_.touch_result(0, Access::read), Touch::bus_error);
}

TEST_F(Mappings, AreGoneInLowPowerWhichReadsLeave) {
  map(0, kPage);
  model_.set_low_power(true);
  EXPECT_EQ(model_.touch_result(0, Access::read), Touch::bus_error);
  EXPECT_EQ(model_.read(kRegion, 0, 1).result, 1);
}

TEST_F(Mappings, AreTouchedOnlyAsTheirProtectionAllows) {
  map(0, kPage);
  model_.protect(0, true, false);
  EXPECT_EQ(model_.touch_result(0, Access::read), Touch::done);
  EXPECT_EQ(model_.touch_result(0, Access::write), Touch::segmentation_fault);
}

TEST_F(Mappings, WithAHoleBecomeTwo) {
  map(0, kSize);
  model_.unmap(0, kPage, kPage, 5);
  EXPECT_EQ(model_.mappings().at(0).length, kPage);
  EXPECT_EQ(model_.mappings().at(5).offset, 2 * kPage);
  EXPECT_EQ(model_.mappings().at(5).length, kPage);
}

TEST_F(Files, KeepTheDeviceOpenWhileOneOfThemIsMapped) {
  map(0, kSize);
  model_.unmap(0, kPage, kPage, 5);
  model_.close_file(0);
  EXPECT_TRUE(model_.device_open());
  model_.unmap(0, 0, kPage, 1);
  EXPECT_TRUE(model_.device_open());
  model_.unmap(5, 0, kPage, 1);
  EXPECT_FALSE(model_.device_open());
}

TEST_F(Files, OpenTheDeviceOnlyOnce) {
  EXPECT_FALSE(model_.open_file(1));
  model_.close_file(0);
  model_.close_file(1);
  EXPECT_TRUE(model_.open_file(0));
}

TEST(Shape, HasOneGibibyteAtLeastInTheReservedRegion) {
  const auto regions =
      coherent_regions(Layout::split, 3 * kGiB / 2, kGiB + 256 * kMiB);
  ASSERT_EQ(regions.size(), 2U);
  EXPECT_EQ(regions[0].index, 4U);
  EXPECT_EQ(regions[0].size, 3 * kGiB / 2);
  EXPECT_EQ(regions[0].bar_size, 2 * kGiB);
  EXPECT_EQ(regions[1].index, 2U);
  EXPECT_EQ(regions[1].size, kGiB + 256 * kMiB);
  EXPECT_EQ(regions[1].bar_size, 2 * kGiB);
}

TEST(Shape, SizesTheUsableBarBeforeTheCutAtHalfAGibibyte) {
  // 2 GiB and 128 MiB are left; the cut takes the 128 MiB.
  const auto regions =
      coherent_regions(Layout::split, 2 * kGiB, kGiB + 128 * kMiB);
  EXPECT_EQ(regions[0].bar_size, 4 * kGiB);
}

TEST(Shape, ShowsAllMemoryInOneRegionWithoutAReservedPart) {
  const auto regions = coherent_regions(Layout::split, 3 * kGiB, 0);
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].index, 4U);
  EXPECT_EQ(regions[0].bar_size, 4 * kGiB);
}

TEST(Shape, ShowsAllMemoryInRegionTwoInTheSingleLayout) {
  const auto regions = coherent_regions(Layout::single, 3 * kGiB, 0);
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].index, 2U);
  EXPECT_EQ(regions[0].size, 3 * kGiB);
}

}  // namespace
}  // namespace exerciser
