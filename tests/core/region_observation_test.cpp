// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_observation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

RegionPlan plan(Layout layout = Layout::split,
                MigErratum erratum = MigErratum::present) {
  return plan_regions(0x420000000000, 0x17E4F00000, layout, erratum).value();
}

DeviceObservation bare() {
  DeviceObservation seen;
  seen.flags = 3;
  seen.num_regions = 9;
  seen.c2c_ready = 0xFF;
  seen.hbm_ready = 0xFF;
  return seen;
}

// A GH200 as mainline's driver and ours show it.
DeviceObservation gh200() {
  auto seen = bare();
  seen.regions = {region(0, 16 * kMiB), region(2, 2 * kGiB, 0x44F00000),
                  region(4, 128 * kGiB, 0x17A0000000), region(7, 4096)};
  seen.bar2_mask = 0xFFFFFFFF8000000C;
  seen.bar4_mask = 0xFFFFFFE00000000C;
  seen.tail2 = 0xFF;
  seen.tail4 = 0xFF;
  return seen;
}

DeviceObservation single_layout() {
  auto seen = bare();
  seen.regions = {region(2, 128 * kGiB, 0x17E4F00000), region(4, 32 * kMiB)};
  seen.bar2_mask = 0xFFFFFFE00000000C;
  seen.tail2 = 0xFF;
  return seen;
}

DeviceObservation as_posted_in_2023() {
  auto seen = bare();
  seen.regions = {region(2, 0x17E4F00000), region(4, 32 * kMiB)};
  return seen;
}

DeviceObservation fallback() {
  auto seen = bare();
  seen.regions = {region(2, 128 * kGiB), region(4, 32 * kMiB)};
  return seen;
}

Check check(const DeviceObservation& seen, std::string_view id,
            const RegionPlan& against = plan()) {
  for (const auto& one : check_regions(against, seen).checks) {
    if (one.id == id) {
      return one;
    }
  }
  ADD_FAILURE() << "no check " << id;
  return {};
}

// Ids of the checks that neither passed nor were skipped.
std::vector<std::string> bad(const DeviceObservation& seen,
                             const RegionPlan& against = plan()) {
  std::vector<std::string> ids;
  for (const auto& one : check_regions(against, seen).checks) {
    if (one.verdict == Verdict::fail || one.verdict == Verdict::degraded) {
      ids.push_back(one.id);
      EXPECT_FALSE(one.remedy.empty()) << one.id;
    }
  }
  return ids;
}

TEST(LayoutRecognition, KnowsTheFourThatExist) {
  EXPECT_EQ(recognise_layout(gh200()), Layout::split);
  EXPECT_EQ(recognise_layout(single_layout()), Layout::single);
  EXPECT_EQ(recognise_layout(as_posted_in_2023()), Layout::single);
  EXPECT_EQ(recognise_layout(fallback()), Layout::plain);
}

TEST(LayoutRecognition, SaysNothingWithoutTheRegions) {
  EXPECT_EQ(recognise_layout({}), std::nullopt);
  auto empty = bare();
  empty.regions = {region(2, 0), region(4, 0)};
  EXPECT_EQ(recognise_layout(empty), std::nullopt);
}

TEST(RegionChecks, PassForAGh200) {
  EXPECT_THAT(bad(gh200()), IsEmpty());
  EXPECT_EQ(check(gh200(), "vfio-usable-size").seen, "0x2000000000 (128 GiB)");
  EXPECT_EQ(check(gh200(), "vfio-reserved-sparse").seen,
            "one area, offset 0x0, size 0x44f00000, version 1");
  EXPECT_EQ(check(gh200(), "vfio-total").seen, "0x17e4f00000 (95.58 GiB)");
}

TEST(RegionChecks, PassForTheSafeSingleLayout) {
  EXPECT_THAT(bad(single_layout(), plan(Layout::single)), IsEmpty());
}

TEST(RegionChecks, PassForABlackwellWithoutReservedPart) {
  auto seen = bare();
  seen.regions = {region(2, 256 * kGiB), region(4, 128 * kGiB, 0x17E4F00000)};
  seen.bar4_mask = 0xFFFFFFE00000000C;
  seen.tail4 = 0xFF;
  EXPECT_THAT(bad(seen, plan(Layout::split, MigErratum::fixed)), IsEmpty());
}

TEST(RegionChecks, CallTheFallbackDegraded) {
  EXPECT_THAT(bad(fallback()), ElementsAre("vfio-layout"));
  const auto layout = check(fallback(), "vfio-layout");
  EXPECT_EQ(layout.verdict, Verdict::degraded);
  EXPECT_EQ(layout.expected, "split");
  EXPECT_EQ(layout.seen, "plain");
  EXPECT_EQ(check(fallback(), "vfio-usable-size").verdict, Verdict::skipped);
}

TEST(RegionChecks, SayThatQemuAbortsOnTheDriverOf2023) {
  EXPECT_THAT(bad(as_posted_in_2023(), plan(Layout::split)),
              ElementsAre("vfio-layout", "vfio-power-of-two"));
  EXPECT_EQ(check(as_posted_in_2023(), "vfio-power-of-two").remedy,
            "QEMU aborts on such a BAR; replace the driver");
  EXPECT_THAT(check(as_posted_in_2023(), "vfio-layout").remedy,
              testing::HasSubstr("as posted in 2023"));
  // Against its own layout the size and the missing capability show too.
  EXPECT_THAT(
      bad(as_posted_in_2023(), plan(Layout::single)),
      ElementsAre("vfio-power-of-two", "vfio-usable-region", "vfio-usable-size",
                  "vfio-usable-sparse", "vfio-total"));
}

TEST(RegionChecks, FailForAnotherLayoutThanPlanned) {
  EXPECT_THAT(bad(single_layout()), ElementsAre("vfio-layout"));
  EXPECT_EQ(check(single_layout(), "vfio-layout").remedy,
            "load the driver with layout=split");
}

TEST(RegionChecks, FailForAPartOfTheWrongSize) {
  auto seen = gh200();
  seen.regions[2].sparse = {{0, 0x17A0000000 - 512 * kMiB}};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-sparse", "vfio-total"));
}

TEST(RegionChecks, FailForSparseAreasOfAnyOtherShape) {
  auto shifted = gh200();
  shifted.regions[2].sparse->front().offset = 4096;
  EXPECT_THAT(bad(shifted), ElementsAre("vfio-usable-sparse"));
  auto version = gh200();
  version.regions[1].sparse_version = 2;
  EXPECT_THAT(bad(version), ElementsAre("vfio-reserved-sparse"));
  auto two = gh200();
  two.regions[2].sparse = {{0, 0x17A0000000}, {0x17A0000000, 4096}};
  EXPECT_EQ(check(two, "vfio-usable-sparse").seen, "2 areas");
}

TEST(RegionChecks, DoNotAddUpForgedSizesToTheRightSum) {
  auto seen = gh200();
  seen.regions[2].sparse = {{0, 0xFFFFFFFFFFFFFFFF}, {0, 0x17A0000001}};
  EXPECT_EQ(check(seen, "vfio-total").verdict, Verdict::fail);
}

TEST(RegionChecks, FailForARegionThatCannotBeMapped) {
  auto seen = gh200();
  seen.regions[2].flags = 0xB;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-region"));
  EXPECT_EQ(check(seen, "vfio-usable-region").seen,
            "flags 0xb, offset 0x40000000000");
}

TEST(RegionChecks, FailForARegionAtAnotherOffset) {
  auto seen = gh200();
  seen.regions[1].offset = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-region"));
}

TEST(RegionChecks, FailForABarThatSizesDifferently) {
  auto seen = gh200();
  seen.bar4_mask = 0xFFFFFFF00000000C;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-bar"));
  seen = gh200();
  seen.bar2_mask = 0xFFFFFFFF80000004;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-reserved-bar"));
}

TEST(RegionChecks, FailForATailThatShowsMemory) {
  auto seen = gh200();
  seen.tail4 = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-usable-tail"));
}

TEST(RegionChecks, SkipWhatWasNotRead) {
  auto seen = gh200();
  seen.tail2.reset();
  seen.bar4_mask.reset();
  seen.c2c_ready.reset();
  EXPECT_THAT(bad(seen), IsEmpty());
  EXPECT_EQ(check(seen, "vfio-reserved-tail").seen, "the tail was not read");
  EXPECT_EQ(check(seen, "vfio-usable-bar").seen, "the BAR was not sized");
  EXPECT_EQ(check(seen, "vfio-c2c-ready").verdict, Verdict::skipped);
}

TEST(RegionChecks, FailForAReservedPartWhereTheErratumIsFixed) {
  auto seen = gh200();
  seen.regions[2] = region(4, 128 * kGiB, 0x17E4F00000);
  EXPECT_THAT(bad(seen, plan(Layout::split, MigErratum::fixed)),
              ElementsAre("vfio-other-bar"));
}

TEST(RegionChecks, FailWhenTheHardwareIsNotReady) {
  auto seen = gh200();
  seen.c2c_ready = 0;
  seen.hbm_ready = 0x0F;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-c2c-ready", "vfio-hbm-ready"));
  EXPECT_EQ(check(seen, "vfio-c2c-ready").reason, "NVG-E012");
}

TEST(RegionChecks, FailForADeviceThatIsNoPciDevice) {
  auto seen = gh200();
  seen.flags = 0;
  EXPECT_THAT(bad(seen), ElementsAre("vfio-device", "vfio-reset"));
}

TEST(RegionChecks, NameTheReadsThatFailed) {
  auto seen = gh200();
  seen.problems = {"region 4 at 0x17a0000000: Invalid argument"};
  EXPECT_THAT(bad(seen), ElementsAre("vfio-access"));
  EXPECT_EQ(check(seen, "vfio-access").seen, seen.problems.front());
}

TEST(RegionChecks, ExpectNothingOfThePlainLayout) {
  EXPECT_THAT(bad(fallback(), plan(Layout::plain)), IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl
