// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/iomem.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(Iomem, GivesEverySortOfSystemRam) {
  const auto ranges = parse_system_ram(
      "40000000-47ffffff : PCI Bus 0009:00\n"
      "80000000-fedfffff : System RAM\n"
      "  80210000-8237ffff : Kernel code\n"
      "420000000000-42003fffffff : System RAM (NVIDIA)\n");
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].first, 0x8000'0000U);
  EXPECT_EQ(ranges[0].last, 0xFEDF'FFFFU);
  EXPECT_EQ(ranges[0].name, "System RAM");
  EXPECT_EQ(ranges[1].first, 0x4200'0000'0000U);
  EXPECT_EQ(ranges[1].name, "System RAM (NVIDIA)");
}

TEST(Iomem, LeavesOutTheZeroesThatOrdinaryUsersSee) {
  EXPECT_TRUE(parse_system_ram("00000000-00000000 : System RAM\n").empty());
}

TEST(Iomem, SkipsLinesThatAreNone) {
  EXPECT_TRUE(parse_system_ram("").empty());
  EXPECT_TRUE(parse_system_ram(" : System RAM\n"
                               "80000000 : System RAM\n"
                               "9-8 : System RAM\n"
                               "x-y : System RAM\n"
                               "1-10000000000000000 : System RAM")
                  .empty());
}

}  // namespace
}  // namespace nvgpuctl
