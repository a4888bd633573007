// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/tar.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::HasSubstr;
using Kind = TarEntry::Kind;

std::string problem_of(const std::vector<TarEntry>& entries) {
  const auto read = read_tar(write_tar(entries), "x.tar");
  if (read) {
    return "";
  }
  EXPECT_EQ(read.error().code, Errc::malformed);
  EXPECT_THAT(read.error().subject, HasSubstr("x.tar, byte "));
  return read.error().problem;
}

TEST(Tar, ComesBackAsItWasWritten) {
  const std::vector<TarEntry> entries{
      {"sys", Kind::directory, ""},
      {"sys/a", Kind::file, "0x10de\n"},
      {"sys/empty", Kind::file, ""},
      {"sys/link", Kind::link, "../sys/a"},
      {"sys/" + std::string(200, 'n'), Kind::file, std::string(1025, 'c')},
      {"sys/far", Kind::link, "./" + std::string(150, 't')}};
  const auto read = read_tar(write_tar(entries), "x.tar");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, entries);
}

TEST(Tar, IsRefusedWhenAPathLeadsOut) {
  EXPECT_EQ(problem_of({{"../etc/passwd", Kind::file, ""}}),
            "'../etc/passwd' has '.', '..' or an empty name on its way");
  EXPECT_EQ(problem_of({{"/etc/passwd", Kind::file, ""}}),
            "'/etc/passwd' is an absolute path");
}

TEST(Tar, IsRefusedWhenALinkLeadsOut) {
  EXPECT_EQ(problem_of({{"a/b", Kind::link, "../../etc"}}),
            "link 'a/b' leads out of the archive: '../../etc'");
  EXPECT_EQ(problem_of({{"a", Kind::link, "/etc"}}),
            "link 'a' leads out of the archive: '/etc'");
}

TEST(Tar, IsRefusedWhenAPathLiesBelowALink) {
  EXPECT_EQ(problem_of({{"a", Kind::link, "b"}, {"a/c", Kind::file, ""}}),
            "'a/c' lies below 'a', which is no directory");
}

TEST(Tar, IsRefusedWhenAPathIsThereTwice) {
  EXPECT_EQ(problem_of({{"a", Kind::file, ""}, {"a", Kind::link, "b"}}),
            "'a' is there twice");
}

// Changes the first header, and its sum with it.
std::string changed(std::size_t at, std::string_view text) {
  auto tar = write_tar({{"a", Kind::file, "1"}});
  tar.replace(at, text.size(), text);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(tar[i]);
  }
  tar.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return tar;
}

std::string problem_of_bytes(const std::string& tar) {
  const auto read = read_tar(tar, "x.tar");
  return read ? "" : read.error().problem;
}

TEST(Tar, IsRefusedWhenASizeLies) {
  EXPECT_EQ(problem_of_bytes(changed(124, "77777777777")),
            "an entry says it is longer than the archive");
}

TEST(Tar, IsRefusedWithAHardLinkOrADevice) {
  EXPECT_EQ(problem_of_bytes(changed(156, "1")),
            "'a' is neither file, directory nor symbolic link");
  EXPECT_EQ(problem_of_bytes(changed(156, "3")),
            "'a' is neither file, directory nor symbolic link");
}

TEST(Tar, IsRefusedWhenItIsCutShort) {
  const auto tar = write_tar({{"a", Kind::file, "1"}});
  EXPECT_EQ(problem_of_bytes(tar.substr(0, 1024)),
            "the archive ends without its end mark");
  EXPECT_EQ(problem_of_bytes(std::string(512, 'x')),
            "no header of a tar archive");
}

}  // namespace
}  // namespace nvgpuctl
