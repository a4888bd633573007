// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/module_loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

Result<> load(const std::string& module, const std::string& program,
              const KernelPatience& patience) {
  FakeRoot fake;
  auto root = fake.directory("/run").open();
  root.be_patient(patience);
  return Modprobe(root, ProgramOutput::dropped, program).load(module);
}

Result<> load(const std::string& module) {
  return load(module, "/sbin/modprobe", {});
}

TEST(Modprobe, SaysThatAModuleCannotBeLoaded) {
  const auto loaded = load("nvgpuctl_no_such_module");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::io);
  EXPECT_EQ(loaded.error().subject, "module nvgpuctl_no_such_module");
}

// Were it taken for an option, modprobe would print its version and succeed.
TEST(Modprobe, TakesNoModuleForAnOption) {
  EXPECT_FALSE(load("--version"));
}

TEST(Modprobe, HandsOnWhatItSays) {
  if (!std::filesystem::exists("/sbin/modprobe")) {
    GTEST_SKIP() << "kmod is not installed";
  }
  EXPECT_THAT(load("nvgpuctl_no_such_module").error().problem,
              testing::StartsWith("modprobe could not load it: "));
}

TEST(Modprobe, SaysThatItIsNotThere) {
  EXPECT_EQ(load("nvidia", "/nonexistent", {}).error().problem,
            "cannot run /nonexistent");
}

TEST(Modprobe, MayBeEndedByAPipeThatNobodyReads) {
  FakeRoot fake;
  fake.file("/piped", "#!/bin/sh\nkill -PIPE $$\n");
  std::filesystem::permissions(fake.path("/piped"),
                               std::filesystem::perms(0755));
  auto* const before = ::signal(SIGPIPE, SIG_IGN);
  const auto loaded = load("nvidia", fake.path("/piped"), {});
  (void)::signal(SIGPIPE, before);
  EXPECT_FALSE(loaded) << "the signal is ignored";
}

TEST(Modprobe, IsEndedWhenItTakesTooLong) {
  FakeRoot fake;
  fake.file("/slow", "#!/bin/sh\nsleep 100\n");
  std::filesystem::permissions(fake.path("/slow"),
                               std::filesystem::perms(0755));
  const auto loaded = load("nvidia", fake.path("/slow"),
                           {std::chrono::milliseconds(100), true});
  EXPECT_EQ(loaded.error().problem,
            "modprobe took longer than 0 s, and was killed");
}

}  // namespace
}  // namespace nvgpuctl
