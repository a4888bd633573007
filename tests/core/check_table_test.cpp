// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/check_table.hpp"

#include <gtest/gtest.h>

#include <set>

namespace nvgpuctl {
namespace {

TEST(CheckTable, HasEachIdOnceInKebabCase) {
  std::set<std::string_view> ids;
  for (const auto& info : check_table()) {
    EXPECT_TRUE(ids.insert(info.id).second) << info.id;
    EXPECT_EQ(
        info.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
        std::string_view::npos)
        << info.id;
    EXPECT_FALSE(info.title.empty()) << info.id;
  }
}

TEST(SectionWriter, GivesReasonAndRemedyOnlyToWhatFailed) {
  SectionWriter checks("firmware");
  checks.require("dsd-base", true, {"a", "b"}, {"NVG-E012", "cure"});
  checks.require("dsd-size", false, {"a", "b"}, {"NVG-E013", "cure"});
  const auto section = checks.take();
  EXPECT_EQ(section.name, "firmware");
  ASSERT_EQ(section.checks.size(), 2U);
  EXPECT_EQ(section.checks[0].verdict, Verdict::pass);
  EXPECT_EQ(section.checks[0].remedy, "");
  EXPECT_EQ(section.checks[1].verdict, Verdict::fail);
  EXPECT_EQ(section.checks[1].title, "size that firmware gives");
  EXPECT_EQ(section.checks[1].reason, "NVG-E013");
  EXPECT_EQ(section.checks[1].remedy, "cure");
}

TEST(SectionWriter, SkipsOnlyWhatHasNoVerdictYet) {
  SectionWriter checks("layout");
  checks.require("layout-plan", true, {"a", "b"}, {});
  checks.skip_rest("layout-", "because");
  const auto section = checks.take();
  ASSERT_EQ(section.checks.size(), 4U);
  EXPECT_EQ(section.checks[0].verdict, Verdict::pass);
  EXPECT_EQ(section.checks[3].id, "layout-total");
  EXPECT_EQ(section.checks[3].verdict, Verdict::skipped);
  EXPECT_EQ(section.checks[3].seen, "because");
}

CheckSection with(const std::vector<Verdict>& verdicts) {
  CheckSection section;
  for (const auto verdict : verdicts) {
    section.checks.emplace_back().verdict = verdict;
  }
  return section;
}

TEST(OverallVerdict, IsTheWorstOfAll) {
  using V = Verdict;
  EXPECT_EQ(overall({with({V::pass, V::fail}), with({V::degraded})}), V::fail);
  EXPECT_EQ(overall({with({V::pass}), with({V::degraded})}), V::degraded);
  EXPECT_EQ(overall({with({V::pass, V::skipped})}), V::pass);
}

TEST(OverallVerdict, IsSkippedWhenNothingPassed) {
  EXPECT_EQ(overall({with({Verdict::skipped})}), Verdict::skipped);
  EXPECT_EQ(overall({}), Verdict::skipped);
}

TEST(Verdict, HasAWord) {
  EXPECT_EQ(to_string(Verdict::pass), "pass");
  EXPECT_EQ(to_string(Verdict::fail), "fail");
  EXPECT_EQ(to_string(Verdict::degraded), "degraded");
  EXPECT_EQ(to_string(Verdict::skipped), "skipped");
}

}  // namespace
}  // namespace nvgpuctl
