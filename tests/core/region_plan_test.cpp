// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

constexpr std::uint64_t kBase = 0x420000000000;
constexpr std::uint64_t kLimit = 1ULL << 52U;
constexpr std::uint64_t kSmallest = 0x60000000;

Result<RegionPlan> split(std::uint64_t size,
                         MigErratum erratum = MigErratum::present) {
  return plan_regions(kBase, size, Layout::split, erratum);
}

TEST(RegionPlan, SplitsAGh200AsTheDriverDoes) {
  const auto plan = split(0x17E4F00000);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->layout, Layout::split);
  EXPECT_EQ(plan->usable,
            (MemoryRegion{4, 0x420000000000, 0x17A0000000, 128 * kGiB}));
  EXPECT_EQ(plan->reserved,
            (MemoryRegion{2, 0x4217A0000000, 0x44F00000, 2 * kGiB}));
}

TEST(RegionPlan, ShowsAllOfAGb200AtBar4) {
  const auto plan = split(0x2E41F00000, MigErratum::fixed);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->usable,
            (MemoryRegion{4, 0x420000000000, 0x2E41F00000, 256 * kGiB}));
  EXPECT_FALSE(plan->reserved);
}

TEST(RegionPlan, ShowsAllOfAGb300AtBar4) {
  const auto plan = split(0x4563000000, MigErratum::fixed);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->usable,
            (MemoryRegion{4, 0x420000000000, 0x4563000000, 512 * kGiB}));
}

TEST(RegionPlan, ShowsEverythingAtBar2InTheSingleLayout) {
  const auto plan =
      plan_regions(kBase, 0x17E4F00000, Layout::single, MigErratum::present);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->usable,
            (MemoryRegion{2, 0x420000000000, 0x17E4F00000, 128 * kGiB}));
  EXPECT_FALSE(plan->reserved);
}

TEST(RegionPlan, ShowsNothingInThePlainLayoutWhateverFirmwareSays) {
  const auto plan = plan_regions(0, 0, Layout::plain, MigErratum::present);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->usable);
  EXPECT_FALSE(plan->reserved);
}

// 64 GiB + 1 GiB + 100 MiB: rounded down 64 GiB would do, but the driver sizes
// the BAR before it rounds.
TEST(RegionPlan, SizesTheBarBeforeTheCutAt512Mebibytes) {
  const auto plan = split(65 * kGiB + 100 * kMiB);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->usable->size, 64 * kGiB);
  EXPECT_EQ(plan->usable->bar_size, 128 * kGiB);
  EXPECT_EQ(plan->reserved->size, 1 * kGiB + 100 * kMiB);
}

TEST(RegionPlan, KeepsExactlyOneGibibyteWhenTheRestIsAMultipleOf512Mebibytes) {
  const auto plan = split(96 * kGiB);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->usable->size, 95 * kGiB);
  EXPECT_EQ(plan->reserved->size, 1 * kGiB);
  EXPECT_EQ(plan->reserved->bar_size, 1 * kGiB);
}

TEST(RegionPlan, SaysTheLinkMayBeDownWhenFirmwareReportsNoMemory) {
  const auto plan = split(0);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::malformed);
  EXPECT_EQ(plan.error().subject, "coherent memory");
  EXPECT_EQ(plan.error().problem, "firmware gives size 0");
  EXPECT_NE(plan.error().hint.find("C2C link"), std::string::npos);
}

TEST(RegionPlan, RefusesLessThanOneAndAHalfGibibytes) {
  const auto plan = split(kGiB);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::malformed);
  EXPECT_EQ(plan.error().problem,
            "size 0x40000000 (1 GiB) is less than 1.50 GiB");
  EXPECT_FALSE(split(kSmallest - 1));
  EXPECT_TRUE(split(kSmallest));
}

TEST(RegionPlan, RefusesMemoryPastTheLargestPhysicalAddress) {
  const auto plan = plan_regions(kLimit - kGiB, 0x17E4F00000, Layout::split,
                                 MigErratum::present);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::malformed);
  EXPECT_EQ(plan.error().problem,
            "base 0xfffffc0000000 with size 0x17e4f00000 reaches past 2^52, "
            "the largest physical address");
}

TEST(RegionPlan, RefusesASizePastTheLargestPhysicalAddress) {
  EXPECT_TRUE(plan_regions(0, kLimit, Layout::split, MigErratum::fixed));
  EXPECT_FALSE(plan_regions(0, kLimit + 1, Layout::split, MigErratum::fixed));
}

TEST(RegionPlan, RefusesABaseAndSizeThatOverflow) {
  const auto plan = plan_regions(0xFFFFFFFFFFFF0000, 0x17E4F00000,
                                 Layout::split, MigErratum::present);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::malformed);
  EXPECT_EQ(plan.error().problem,
            "base 0xffffffffffff0000 and size 0x17e4f00000 add up to more "
            "than 64 bits hold");
}

TEST(RegionPlan, NamesItsLayouts) {
  EXPECT_EQ(to_string(Layout::split), "split");
  EXPECT_EQ(to_string(Layout::single), "single");
  EXPECT_EQ(to_string(Layout::plain), "plain");
}

// Sizes of every magnitude: uniform ones alone would nearly all be huge.
class Sizes {
 public:
  std::uint64_t next() {
    const std::uint64_t bits = random_();
    return bits >> (random_() % 64);
  }

 private:
  std::mt19937_64 random_{0x6E7667707563746C};
};

constexpr int kRounds = 1'000'000;

bool well_formed(const MemoryRegion& part) {
  return part.size > 0 && part.size <= part.bar_size &&
         std::has_single_bit(part.bar_size);
}

TEST(RegionPlanOverMillionsOfSizes, DividesMemoryWithoutRestOrOverlap) {
  Sizes sizes;
  int planned = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t size = sizes.next();
    const auto plan = split(size);
    const bool valid = size >= kSmallest && size <= kLimit - kBase;
    ASSERT_EQ(plan.has_value(), valid) << size;
    if (!plan) {
      continue;
    }
    ++planned;
    ASSERT_TRUE(plan->usable && plan->reserved) << size;
    ASSERT_TRUE(well_formed(*plan->usable)) << size;
    ASSERT_TRUE(well_formed(*plan->reserved)) << size;
    ASSERT_EQ(plan->usable->size + plan->reserved->size, size);
    ASSERT_EQ(plan->usable->base, kBase);
    ASSERT_EQ(plan->reserved->base, kBase + plan->usable->size);
    ASSERT_EQ(plan->usable->size % (512 * kMiB), 0U) << size;
    ASSERT_GE(plan->reserved->size, kGiB) << size;
    ASSERT_LT(plan->reserved->size, kGiB + 512 * kMiB) << size;
    ASSERT_EQ(plan->usable->bar_size, std::bit_ceil(size - kGiB));
  }
  EXPECT_GT(planned, kRounds / 4);
}

TEST(RegionPlanOverMillionsOfSizes, LosesNoByteWithoutTheErratum) {
  Sizes sizes;
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t size = sizes.next();
    const Layout layout = i % 2 == 0 ? Layout::split : Layout::single;
    const auto plan = plan_regions(kBase, size, layout, MigErratum::fixed);
    ASSERT_EQ(plan.has_value(), size >= kSmallest && size <= kLimit - kBase);
    if (plan) {
      ASSERT_EQ(plan->usable->size, size);
      ASSERT_EQ(plan->usable->bar_size, std::bit_ceil(size));
      ASSERT_FALSE(plan->reserved);
    }
  }
}

TEST(RegionPlanOverMillionsOfSizes, NeverGivesLessUsableMemoryForMore) {
  Sizes sizes;
  for (int i = 0; i < kRounds / 2; ++i) {
    std::uint64_t smaller = sizes.next();
    // Half of the pairs are neighbours: that is where rounding would show.
    std::uint64_t larger =
        i % 2 == 0 ? sizes.next() : smaller + static_cast<unsigned>(i % 4096);
    if (smaller > larger) {
      std::swap(smaller, larger);
    }
    const auto less = split(smaller);
    const auto more = split(larger);
    if (less && more) {
      ASSERT_LE(less->usable->size, more->usable->size) << smaller;
      ASSERT_LE(less->usable->bar_size, more->usable->bar_size) << smaller;
    }
  }
}

TEST(RegionPlanOverMillionsOfSizes, RefusesEveryOverflow) {
  Sizes sizes;
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t size = sizes.next();
    const std::uint64_t base = sizes.next();
    const auto plan =
        plan_regions(base, size, Layout::split, MigErratum::present);
    const bool inside = base <= kLimit && size <= kLimit - base;
    ASSERT_EQ(plan.has_value(), inside && size >= kSmallest) << base;
  }
}

}  // namespace
}  // namespace nvgpuctl
