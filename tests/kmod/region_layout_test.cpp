// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

#include "core/region_plan.hpp"
#include "kmod/region_layout_c.h"

namespace nvgpuctl {
namespace {

constexpr std::uint64_t kBase = 0x420000000000;

TEST(RegionLayoutInC, SplitsTheWorkedExample) {
  nvgpu_regions regions{};
  ASSERT_EQ(region_layout_in_c(kBase, 0x17E4F00000, NVGPU_LAYOUT_SPLIT,
                               NVGPU_MIG_ERRATUM_PRESENT, &regions),
            NVGPU_LAYOUT_OK);
  EXPECT_EQ(regions.usable.base, 0x420000000000U);
  EXPECT_EQ(regions.usable.size, 0x17A0000000U);
  EXPECT_EQ(regions.usable.bar_size, 128ULL << 30U);
  EXPECT_EQ(regions.usable.bar, 4U);
  EXPECT_EQ(regions.reserved.base, 0x4217A0000000U);
  EXPECT_EQ(regions.reserved.size, 0x44F00000U);
  EXPECT_EQ(regions.reserved.bar_size, 2ULL << 30U);
  EXPECT_EQ(regions.reserved.bar, 2U);
}

TEST(RegionLayoutInC, ForgetsWhatTheCallerHadInTheStructure) {
  nvgpu_regions regions{};
  regions.reserved.size = 1;
  ASSERT_EQ(region_layout_in_c(kBase, 0x2E41F00000, NVGPU_LAYOUT_SPLIT,
                               NVGPU_MIG_ERRATUM_FIXED, &regions),
            NVGPU_LAYOUT_OK);
  EXPECT_EQ(regions.reserved.size, 0U);
}

TEST(RegionLayoutInC, NamesEveryRefusalByItsOwnCode) {
  nvgpu_regions regions{};
  const auto split = [&](std::uint64_t base, std::uint64_t size) {
    return region_layout_in_c(base, size, NVGPU_LAYOUT_SPLIT,
                              NVGPU_MIG_ERRATUM_PRESENT, &regions);
  };
  EXPECT_EQ(split(kBase, 0), NVGPU_LAYOUT_EMPTY);
  EXPECT_EQ(split(kBase, 0x5FFFFFFF), NVGPU_LAYOUT_TOO_SMALL);
  EXPECT_EQ(split(kBase, 0x60000000), NVGPU_LAYOUT_OK);
  EXPECT_EQ(split(0x10000000000000 - 0x60000000, 0x60000000), NVGPU_LAYOUT_OK);
  EXPECT_EQ(split(0x10000000000000 - 0x60000000, 0x60000001),
            NVGPU_LAYOUT_OUT_OF_RANGE);
  EXPECT_EQ(split(0xFFFFFFFFFFFFF000, 0x60000000), NVGPU_LAYOUT_OVERFLOW);
}

TEST(RegionLayoutInC, RefusesToSizeABarPastTheLargestPowerOfTwo) {
  __u64 bar_size = 0;
  EXPECT_EQ(nvgpu_bar_size(0x8000000000000000, &bar_size), NVGPU_LAYOUT_OK);
  EXPECT_EQ(bar_size, 0x8000000000000000U);
  EXPECT_EQ(nvgpu_bar_size(0x8000000000000001, &bar_size),
            NVGPU_LAYOUT_OVERFLOW);
}

// The command line (C++) and the driver (C) must never disagree.
TEST(RegionLayoutInC, GivesWhatTheCommandLinePlans) {
  std::mt19937_64 random(20240101);
  constexpr std::array kLayouts{Layout::split, Layout::single, Layout::plain};
  constexpr std::array kErrata{MigErratum::fixed, MigErratum::present};
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t size = random() >> (random() % 64);
    const std::uint64_t base = random() >> (random() % 64);
    const std::size_t layout = random() % 3;
    const std::size_t erratum = random() % 2;
    nvgpu_regions regions{};
    const int status = region_layout_in_c(base, size, static_cast<int>(layout),
                                          static_cast<int>(erratum), &regions);
    const auto plan =
        plan_regions(base, size, kLayouts.at(layout), kErrata.at(erratum));
    ASSERT_EQ(status == NVGPU_LAYOUT_OK, plan.has_value()) << base << size;
    if (!plan) {
      continue;
    }
    ASSERT_EQ(regions.usable.size, plan->usable ? plan->usable->size : 0);
    ASSERT_EQ(regions.reserved.size, plan->reserved ? plan->reserved->size : 0);
  }
}

}  // namespace
}  // namespace nvgpuctl
