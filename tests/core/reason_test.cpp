// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/reason.hpp"

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <set>

namespace nvgpuctl {
namespace {

TEST(Reasons, HaveAnIdOfTheirOwn) {
  std::set<std::string_view> ids;
  std::set<std::string_view> names;
  for (const auto& row : reasons()) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
}

// A number is never given twice, whatever letter stands before it.
TEST(Reasons, HaveANumberOfTheirOwn) {
  std::set<std::string_view> numbers;
  for (const auto& row : reasons()) {
    EXPECT_TRUE(numbers.insert(row.id.substr(5)).second) << row.id;
  }
}

TEST(Reasons, ShowTheirSeverityInTheId) {
  const std::regex shape("NVG-[EWI][0-9]{3}");
  for (const auto& row : reasons()) {
    const std::string id(row.id);
    ASSERT_TRUE(std::regex_match(id, shape)) << id;
    EXPECT_EQ(id[4], row.severity == Severity::error     ? 'E'
                     : row.severity == Severity::warning ? 'W'
                                                         : 'I')
        << id;
  }
}

TEST(Reasons, AreNamedInKebabCase) {
  const std::regex shape("[a-z0-9]+(-[a-z0-9]+)*");
  for (const auto& row : reasons()) {
    EXPECT_TRUE(std::regex_match(std::string(row.name), shape)) << row.name;
  }
}

TEST(Reasons, AreSummedUpWithoutAFullStop) {
  for (const auto& row : reasons()) {
    EXPECT_FALSE(row.summary.empty()) << row.id;
    EXPECT_FALSE(row.summary.ends_with('.')) << row.id;
    EXPECT_FALSE(row.remedy.ends_with('.')) << row.id;
  }
}

// By the numbers of their layer, so that a new one is not forgotten.
TEST(Reasons, SayWhichOfThemIsAnotherManager) {
  for (const auto& row : reasons()) {
    EXPECT_EQ(other_manager(row) != OtherManager::none,
              row.id.substr(5).starts_with("09"))
        << row.id;
  }
  EXPECT_EQ(other_manager(reason("NVG-W093")), OtherManager::rival);
  EXPECT_EQ(other_manager(reason("NVG-W094")), OtherManager::passing);
}

TEST(Reason, IsFoundByItsId) {
  EXPECT_EQ(reason("NVG-E012").name, "c2c-down");
  EXPECT_EQ(to_string(reason("NVG-I046").severity), "info");
}

TEST(Findings, HaveAnErrorOnlyWhenOneIsAmongThem) {
  const std::array harmless{finding("NVG-W041", "0009:01:00.0", "nvidia"),
                            finding("NVG-I046", "0009:01:00.0", "x")};
  EXPECT_FALSE(has_error(harmless));
  const std::array bad{harmless[0], finding("NVG-E030", "0009:01:00.0", "x")};
  EXPECT_TRUE(has_error(bad));
}

}  // namespace
}  // namespace nvgpuctl
