// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/version.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::Optional;

TEST(Version, HasTwoOrThreeNumbers) {
  EXPECT_THAT(parse_version("12.8.0"), Optional(Version{12, 8, 0}));
  EXPECT_THAT(parse_version("12.8"), Optional(Version{12, 8, 0}));
}

TEST(Version, IgnoresADistributionsSuffix) {
  EXPECT_THAT(parse_version("10.0.2-1+deb13u2"), Optional(Version{10, 0, 2}));
  EXPECT_THAT(parse_version("9.7.0~rc1"), Optional(Version{9, 7, 0}));
  EXPECT_THAT(parse_version("8.2.2.1"), Optional(Version{8, 2, 2}));
}

TEST(Version, IsRefusedWhenItIsNone) {
  for (const auto* text : {"", "12", "12.", "12.8.", "v12.8", "12.8x", "-1.2",
                           "12.8.0.", "4294967296.0"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

TEST(Version, ComparesByNumbers) {
  EXPECT_LT((Version{9, 7, 0}), (Version{10, 0, 0}));
  EXPECT_LT((Version{10, 9, 9}), (Version{10, 10, 0}));
  EXPECT_EQ(to_string(Version{12, 8, 1}), "12.8.1");
}

}  // namespace
}  // namespace nvgpuctl
