// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/run_program.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RunProgram, TellsHowItEnded) {
  const auto status = run_program("/bin/sh", {"-c", "exit 3"},
                                  ProgramOutput::dropped, seconds(10));
  ASSERT_TRUE(status) << status.error().problem;
  EXPECT_EQ(*status, 3);
}

TEST(RunProgram, TellsThatASignalEndedIt) {
  const auto status = run_program("/bin/sh", {"-c", "kill -9 $$"},
                                  ProgramOutput::dropped, seconds(10));
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, -1);
}

TEST(RunProgram, GivesItNoEnvironmentButAPath) {
  const auto status =
      run_program("/bin/sh", {"-c", R"(test -z "$HOME" && test -n "$PATH")"},
                  ProgramOutput::dropped, seconds(10));
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, 0);
}

TEST(RunProgram, LetsItEndWhereNobodyReadsIt) {
  auto* const before = ::signal(SIGPIPE, SIG_IGN);
  const auto status = run_program("/bin/sh", {"-c", "kill -PIPE $$"},
                                  ProgramOutput::dropped, seconds(10));
  (void)::signal(SIGPIPE, before);
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, -1);
}

TEST(RunProgram, WaitsNoLongerThanItIsTold) {
  const auto start = std::chrono::steady_clock::now();
  const auto status = run_program("/bin/sleep", {"60"}, ProgramOutput::dropped,
                                  milliseconds(1000));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::io);
  EXPECT_EQ(status.error().problem, "is not through after 1 s");
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(30));
}

TEST(RunProgram, SaysThatThereIsNone) {
  const auto status =
      run_program("/nowhere/at-all", {}, ProgramOutput::dropped, seconds(10));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().subject, "/nowhere/at-all");
  EXPECT_EQ(status.error().problem, "No such file or directory");
}

}  // namespace
}  // namespace nvgpuctl
