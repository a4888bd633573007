// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/state_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "host/host_lock.hpp"
#include "support/fake_root.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

class StateDir : public testing::Test {
 protected:
  StateDir() { fake_.directory("/var/lib").directory("/run"); }

  FakeRoot fake_;
  RootDir root_ = fake_.open();
};

TEST_F(StateDir, HasNoRecordsAtFirst) {
  EXPECT_EQ(*read_journal(root_), std::nullopt);
  EXPECT_EQ(*read_origin(root_, {9, 1, 0, 0}), std::nullopt);
  EXPECT_THAT(list_origins(root_), IsEmpty());
  EXPECT_TRUE(drop_journal(root_));
  EXPECT_TRUE(drop_origin(root_, {9, 1, 0, 0}));
}

TEST_F(StateDir, GivesBackWhatItWasGiven) {
  ASSERT_TRUE(store_journal(root_, sample_journal()));
  ASSERT_TRUE(store_origin(root_, sample_origin()));
  EXPECT_EQ(**read_journal(root_), sample_journal());
  EXPECT_EQ(**read_origin(root_, {9, 1, 0, 0}), sample_origin());
  EXPECT_THAT(list_origins(root_), ElementsAre(PciAddress{9, 1, 0, 0}));
  ASSERT_TRUE(drop_origin(root_, {9, 1, 0, 0}));
  ASSERT_TRUE(drop_journal(root_));
  EXPECT_EQ(*read_journal(root_), std::nullopt);
  EXPECT_THAT(list_origins(root_), IsEmpty());
}

// What is read as broken is set aside, and with it the way back.
TEST_F(StateDir, StoresNothingThatItCouldNotReadBack) {
  auto origin = sample_origin();
  for (std::size_t i = 0; i <= kMaxQuietUnits; ++i) {
    origin.quiet.units.push_back("vllm@" + std::to_string(i) + ".service");
  }
  auto journal = sample_journal();
  journal.gpus[0].after.origin = origin;
  const auto stored = store_journal(root_, journal);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, Errc::malformed);
  EXPECT_THAT(stored.error().problem, testing::HasSubstr("one of 16 at most"));
  EXPECT_FALSE(store_origin(root_, origin));
  EXPECT_FALSE(root_.exists(kJournalPath));
  EXPECT_THAT(list_origins(root_), IsEmpty());
}

TEST_F(StateDir, KeepsAnOverrideThatNoDriverOfOursWouldHave) {
  auto origin = sample_origin();
  origin.state.driver_override = "my.driver";
  ASSERT_TRUE(store_origin(root_, origin));
  EXPECT_EQ(**read_origin(root_, {9, 1, 0, 0}), origin);
}

TEST_F(StateDir, DoesNotTakeOneGpusOriginForAnothers) {
  fake_.file("/var/lib/nvgpuctl/origin/0019:01:00.0.json",
             write_origin_text(sample_origin()));
  const auto record = read_origin(root_, {0x19, 1, 0, 0});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, Errc::malformed);
  EXPECT_EQ(record.error().problem, "is the record of 0009:01:00.0");
}

TEST_F(StateDir, KeepsEveryRecordThatItSetsAside) {
  for (const auto* text : {"one", "two"}) {
    fake_.file(kJournalPath, text);
    ASSERT_TRUE(set_aside(root_, kJournalPath, "T"));
  }
  EXPECT_EQ(fake_.content("/var/lib/nvgpuctl/journal.corrupt-T"), "one");
  EXPECT_EQ(fake_.content("/var/lib/nvgpuctl/journal.corrupt-T-2"), "two");
  EXPECT_FALSE(root_.exists(kJournalPath));
}

TEST_F(StateDir, SignsWithTheBootOfTheHost) {
  fake_.file("/proc/sys/kernel/random/boot_id", "0123-4567\n");
  const auto signature = sign(root_, "bind");
  EXPECT_EQ(signature.boot_id, "0123-4567");
  EXPECT_THAT(signature.who, testing::EndsWith("nvgpuctl bind"));
  EXPECT_THAT(signature.when, testing::MatchesRegex("20[0-9-]+T[0-9:]+Z"));
}

TEST_F(StateDir, IsLockedForOneAtATimeAndNamesTheHolder) {
  fake_.file("/proc/" + std::to_string(::getpid()) + "/comm", "nvgpuctl\n");
  {
    const auto first = HostLock::take(root_, milliseconds(0));
    ASSERT_TRUE(first);
    const auto second = HostLock::take(root_, milliseconds(30));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::locked);
    EXPECT_EQ(second.error().subject, "/run/nvgpuctl/lock");
    EXPECT_EQ(second.error().problem, "nvgpuctl (pid " +
                                          std::to_string(::getpid()) +
                                          ") has it, and has not let go of it "
                                          "in 0 s");
  }
  EXPECT_TRUE(HostLock::take(root_, milliseconds(0)));
}

TEST_F(StateDir, IsLockedByNobodyElse) {
  fake_.file(kLockPath, "");
  const auto path = fake_.path(kLockPath);
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_TRUE(HostLock::take(root_, milliseconds(0)));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace nvgpuctl
