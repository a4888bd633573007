// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/input_text.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace nvgpuctl {
namespace {

std::string written(const std::string& text) {
  // Each its own: tests run beside each other.
  std::string path =
      testing::TempDir() + "input_text_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ofstream(path) << text;
  return path;
}

TEST(InputText, ReadsAWholeFile) {
  EXPECT_EQ(*read_input(written("a\nb"), 3), "a\nb");
}

TEST(InputText, RefusesMoreThanItWasToldToRead) {
  const auto text = read_input(written("abcd"), 3);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Errc::malformed);
  EXPECT_EQ(text.error().problem, "is larger than 3 B");
}

TEST(InputText, SaysThatAFileIsNotThere) {
  const auto text = read_input("/nonexistent/guest.xml", 3);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Errc::not_found);
  EXPECT_EQ(text.error().subject, "/nonexistent/guest.xml");
  EXPECT_EQ(text.error().problem, "No such file or directory");
}

TEST(InputText, DoesNotReadADirectory) {
  const auto text = read_input(testing::TempDir(), 3);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().problem, "Is a directory");
}

}  // namespace
}  // namespace nvgpuctl
