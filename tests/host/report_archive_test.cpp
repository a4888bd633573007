// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/report_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace nvgpuctl {
namespace {

TEST(ReportArchive, NamesTheVariableThatLeadsNowhere) {
  ASSERT_EQ(::setenv("TMPDIR", "/nonexistent", 1), 0);
  const auto report = UnpackedReport::write({});
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().subject, "TMPDIR");
  EXPECT_EQ(report.error().code, Errc::not_found);
  EXPECT_THAT(report.error().problem,
              testing::EndsWith("No such file or directory"));
}

}  // namespace
}  // namespace nvgpuctl
