// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/new_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

TEST(NewFile, IsReadByNobodyElseWhereItIsForRoot) {
  const FakeRoot fake;
  const mode_t before = ::umask(022);
  EXPECT_TRUE(write_new_file(fake.path("/private"), "a", Readers::root));
  EXPECT_TRUE(write_new_file(fake.path("/public"), "a", Readers::everybody));
  ::umask(before);
  EXPECT_EQ(mode_of(fake.path("/private")), 0600U);
  EXPECT_EQ(mode_of(fake.path("/public")), 0644U);
}

TEST(NewFile, IsNotWrittenOverAnother) {
  FakeRoot fake;
  fake.file("/here", "mine").link("/dangling", "nowhere");
  const auto written =
      write_new_file(fake.path("/here"), "a", Readers::everybody);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io);
  EXPECT_EQ(written.error().problem, "exists already");
  EXPECT_FALSE(write_new_file(fake.path("/dangling"), "a", Readers::everybody));
  EXPECT_FALSE(std::filesystem::exists(fake.path("/nowhere")));
}

TEST(NewFile, SaysThatItsFolderIsNotThere) {
  const auto written =
      write_new_file("/nonexistent/a", "a", Readers::everybody);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::not_found);
  EXPECT_EQ(written.error().subject, "/nonexistent/a");
}

}  // namespace
}  // namespace nvgpuctl
