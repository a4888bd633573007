// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/input_text.hpp"

#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

TEST(InputText, ReadsAWholeFile) {
  FakeRoot root;
  root.file("/text", "a\nb");
  EXPECT_EQ(*read_input(root.path("/text"), 3), "a\nb");
}

TEST(InputText, RefusesMoreThanItWasToldToRead) {
  FakeRoot root;
  root.file("/text", "abcd");
  const auto text = read_input(root.path("/text"), 3);
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
