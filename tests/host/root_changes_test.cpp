// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

// Lets everything happen, but the calls that it is told to stop.
class Watcher : public ChangeObserver {
 public:
  Interference before(std::string_view call, std::string_view path) override {
    calls.push_back(std::string(call) + ' ' + std::string(path));
    return call == stop ? Interference{ENOSPC, false} : Interference{0, half};
  }
  void after(std::string_view /*call*/, std::string_view /*path*/) override {}

  std::vector<std::string> calls;
  std::string stop;
  bool half = false;
};

class RootChanges : public testing::Test {
 protected:
  RootChanges() {
    fake_.file("/d/f", "old");
    root_.watch(&watcher_);
  }

  FakeRoot fake_;
  RootDir root_ = fake_.open();
  Watcher watcher_;
};

TEST_F(RootChanges, ReplaceAFileInTheOrderThatSurvivesAPowerLoss) {
  ASSERT_TRUE(root_.replace("/d/f", "new"));
  EXPECT_EQ(fake_.content("/d/f"), "new");
  EXPECT_THAT(watcher_.calls,
              ElementsAre("create /d/f.new", "write /d/f.new", "fsync /d/f.new",
                          "rename /d/f", "fsync /d"));
  struct stat status {};
  ASSERT_EQ(::stat(fake_.path("/d/f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(RootChanges, GoOnAfterAShortWrite) {
  watcher_.half = true;
  ASSERT_TRUE(root_.replace("/d/f", "abcdefg"));
  EXPECT_EQ(fake_.content("/d/f"), "abcdefg");
}

TEST_F(RootChanges, LeaveTheOldContentWhenAnyCallFails) {
  for (const auto* call : {"create", "write", "fsync", "rename"}) {
    watcher_.stop = call;
    const auto replaced = root_.replace("/d/f", "new");
    ASSERT_FALSE(replaced) << call;
    EXPECT_EQ(replaced.error().problem, "No space left on device");
    EXPECT_EQ(fake_.content("/d/f"), "old");
  }
}

TEST_F(RootChanges, RemoveAFileOnceOrTwice) {
  EXPECT_TRUE(root_.remove("/d/f"));
  EXPECT_FALSE(root_.exists("/d/f"));
  EXPECT_TRUE(root_.remove("/d/f"));
  EXPECT_TRUE(root_.remove("/nowhere/f"));
}

TEST_F(RootChanges, MakeADirectoryOnceOrTwice) {
  EXPECT_TRUE(root_.make_directory("/d/e"));
  EXPECT_TRUE(root_.make_directory("/d/e"));
  EXPECT_TRUE(root_.exists("/d/e"));
  const auto orphan = root_.make_directory("/x/y");
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code, Errc::not_found);
}

TEST_F(RootChanges, StayBelowTheRoot) {
  fake_.link("/d/out", "/");
  ASSERT_TRUE(root_.replace("/d/out/inside", "here"));
  EXPECT_EQ(fake_.content("/inside"), "here");
}

TEST_F(RootChanges, DoNotWriteThroughALinkThatWaitsForThem) {
  fake_.link("/d/f.new", "/d/precious").file("/d/precious", "kept");
  EXPECT_FALSE(root_.replace("/d/f", "new"));
  EXPECT_EQ(fake_.content("/d/precious"), "kept");
}

}  // namespace
}  // namespace nvgpuctl
