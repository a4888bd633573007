// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

TEST(KernelLogAbout, HasTheNewestLinesOfOneGpuInTheirOrder) {
  FakeRoot fake;
  fake.file("/dev/kmsg",
            "1.0 pci 0009:01:00.0: one\n2.0 other\n3.0 x 0009:01:00.0: two\n"
            "4.0 0009:01:00.0: three\n");
  EXPECT_THAT(kernel_log_about(fake.open(), "0009:01:00.0", 2),
              testing::ElementsAre("3.0 x 0009:01:00.0: two",
                                   "4.0 0009:01:00.0: three"));
  EXPECT_THAT(kernel_log_about(fake.open(), "0019:01:00.0", 2),
              testing::IsEmpty());
}

TEST(KernelLogAbout, HasNothingWhereThereIsNoLog) {
  EXPECT_THAT(kernel_log_about(FakeRoot().open(), "0009:01:00.0", 2),
              testing::IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl
