// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/report_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

// Whether it goes within five seconds.
bool goes(const std::string& path) {
  for (int i = 0; i < 500 && std::filesystem::exists(path); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return !std::filesystem::exists(path);
}

std::vector<TarEntry> one_file() {
  return {{"proc/cmdline", TarEntry::Kind::file, "quiet"}};
}

TEST(UnpackedReport, NamesTheVariableThatLeadsNowhere) {
  ASSERT_EQ(::setenv("TMPDIR", "/nonexistent", 1), 0);
  const auto report = UnpackedReport::write({});
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().subject, "TMPDIR");
  EXPECT_EQ(report.error().code, Errc::not_found);
  EXPECT_THAT(report.error().problem,
              testing::EndsWith("No such file or directory"));
}

TEST(UnpackedReport, GoesWithTheObject) {
  auto report = UnpackedReport::write(one_file());
  ASSERT_TRUE(report) << report.error().problem;
  const auto directory = (*report)->directory();
  EXPECT_TRUE(std::filesystem::exists(directory + "/proc/cmdline"));
  report->reset();
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(UnpackedReport, GoesWithAProcessThatASignalEnds) {
  FakeRoot fake;
  const auto here = fake.path("/here");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto report = UnpackedReport::write(one_file());
    std::filesystem::create_symlink((*report)->directory(), here);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  const auto directory = std::filesystem::read_symlink(here);
  EXPECT_TRUE(goes(directory)) << directory;
}

}  // namespace
}  // namespace nvgpuctl
