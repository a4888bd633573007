// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/text_diff.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(UnifiedDiff, IsEmptyForEqualTexts) {
  EXPECT_EQ(unified_diff("a\n", "a\n", "old", "new"), "");
}

TEST(UnifiedDiff, ShowsWhatWasAddedWithTheLinesAround) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n",
                         "1\n2\n3\n4\nnew\n5\n6\n7\n8\n", "old", "new"),
            "--- old\n"
            "+++ new\n"
            "@@ -2,7 +2,8 @@\n"
            " 2\n 3\n 4\n+new\n 5\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, ShowsWhatWasReplaced) {
  EXPECT_EQ(unified_diff("a\nb\n", "a\nc\n", "old", "new"),
            "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
}

}  // namespace
}  // namespace nvgpuctl
