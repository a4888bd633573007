// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "host/host_lock.hpp"
#include "host/hung_records.hpp"
#include "support/fault_points.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;

constexpr PciAddress kCalledGpu{9, 1, 0, 0};
constexpr const char* kName = "0009:01:00.0";
constexpr const char* kProbe = "/sys/bus/pci/drivers_probe";

// A process that nobody can ask for its end: the kernel drops it at once.
class ForgetsItsChildren : public ChangeObserver {
 public:
  Interference before(std::string_view /*call*/,
                      std::string_view /*path*/) override {
    return {};
  }
  void after(std::string_view call, std::string_view /*path*/) override {
    if (call == "fork") {
      (void)::signal(SIGCHLD, SIG_IGN);
    }
  }
};

TEST(AKernelCall, DidNotSucceedWhereItsEndIsUnknown) {
  FakeRoot fake;
  auto root = fake.directory("/run").open();
  ForgetsItsChildren observer;
  root.watch(&observer);
  const auto answer =
      run_kernel_calls(root, {{kName, kProbe, kName, [] { return 0; }}}, {})[0];
  (void)::signal(SIGCHLD, SIG_DFL);
  EXPECT_FALSE(answer.failure);
  EXPECT_FALSE(answer.code);
}

class AKernelWrite : public testing::Test {
 protected:
  AKernelWrite() {
    fake_.pci_function(kName, "0x10de", "0x2342");
    kernel_.prefer("nvidia");
  }
  WriteAnswer write(RootDir& root) {
    return write_together(root, {{kCalledGpu, kProbe, kName}}, {})[0];
  }
  // One that never comes back, and that nothing ends.
  WriteAnswer hang() {
    FaultyHost faulty(kernel_, Fault::hang, 1);
    auto root = faulty.open(fake_);
    root.be_patient({milliseconds(50), false});
    return write(root);
  }
  void end(const HungWrite& hung) {
    ::kill(static_cast<pid_t>(hung.pid), SIGKILL);
    ::waitpid(static_cast<pid_t>(hung.pid), nullptr, 0);
    kernel_.after("reap", fmt::format("/proc/{}", hung.pid));
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
};

TEST_F(AKernelWrite, LeavesNoRecordBehind) {
  auto root = kernel_.open();
  EXPECT_TRUE(write(root).written);
  EXPECT_EQ(fake_.open()
                .link_name("/sys/bus/pci/devices/0009:01:00.0/driver")
                .value(),
            "nvidia");
  EXPECT_FALSE(root.exists("/run/nvgpuctl/hung/0009:01:00.0"));
}

TEST_F(AKernelWrite, HandsOnTheKernelsError) {
  auto root = kernel_.open();
  const auto answer =
      write_together(root, {{kCalledGpu, kProbe, "0019:01:00.0"}}, {});
  EXPECT_EQ(answer[0].written.error().problem, "No such device");
}

TEST_F(AKernelWrite, IsHeardOfWhereSigchldIsIgnored) {
  ::signal(SIGCHLD, SIG_IGN);
  auto root = kernel_.open();
  EXPECT_TRUE(write(root).written);
}

TEST_F(AKernelWrite, IsLeftBehindAndKnownWhenItHangs) {
  fake_.file("/dev/kmsg", "[1] 0009:01:00.0: usage count 2\n[2] other\n");
  const auto answer = hang();
  ASSERT_TRUE(answer.hung);
  EXPECT_EQ(answer.written.error().code, Errc::needs_operator);
  EXPECT_THAT(answer.written.error().problem,
              testing::MatchesRegex(
                  "process [0-9]+ has not come back from writing "
                  "'0009:01:00.0' to /sys/bus/pci/drivers_probe since "
                  ".*, and is in fake_wait"));
  EXPECT_THAT(
      hung_evidence(fake_.open(), *answer.hung),
      testing::ElementsAre("kernel log: [1] 0009:01:00.0: usage count 2"));
  const auto found = find_hung(fake_.open(), kName);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pid, answer.hung->pid);
  EXPECT_TRUE(found->overdue);
  end(*answer.hung);
  EXPECT_FALSE(find_hung(fake_.open(), kName)) << "its process is gone";
}

TEST_F(AKernelWrite, KeepsNoLockWhenItHangs) {
  std::optional<HungWrite> hung;
  {
    const auto lock = HostLock::take(fake_.open(), milliseconds(0));
    ASSERT_TRUE(lock);
    hung = hang().hung;
  }
  ASSERT_TRUE(hung);
  EXPECT_TRUE(HostLock::take(fake_.open(), milliseconds(0)));
  end(*hung);
}

TEST_F(AKernelWrite, IsEndedWhereItCanBe) {
  FaultyHost faulty(kernel_, Fault::hang, 1);
  auto root = faulty.open(fake_);
  root.be_patient({milliseconds(50), true});
  const auto answer = write(root);
  EXPECT_FALSE(answer.hung);
  EXPECT_EQ(answer.written.error().problem,
            "took longer than 0 s, and was interrupted");
}

TEST_F(AKernelWrite, IsNotTakenForOneWhoseNumberIsUsedAgain) {
  fake_.file("/proc/412/stat",
             "412 (other) S 1 1 1 0 -1 64 9 0 0 0 0 0 0 0 20 0 1 0 9999 0 0\n");
  HungWrite held{kName, 412,   6023, kProbe, kName, "2026-01-31T09:30:00Z",
                 60000, false, ""};
  ASSERT_TRUE(store_hung(fake_.open(), held));
  EXPECT_FALSE(find_hung(fake_.open(), kName));
  held.start_ticks = 9999;
  ASSERT_TRUE(store_hung(fake_.open(), held));
  EXPECT_TRUE(find_hung(fake_.open(), kName));
}

TEST_F(AKernelWrite, IsNotOverdueWhileSomebodyMayStillWaitForIt) {
  fake_.file("/proc/uptime", "119.00 1.00\n");
  fake_.file("/proc/412/stat",
             "412 (x) D 1 1 1 0 -1 64 9 0 0 0 0 0 0 0 20 0 1 0 6000 0 0\n");
  ASSERT_TRUE(
      store_hung(fake_.open(), {kName, 412, 6000, kProbe, kName,
                                "2026-01-31T09:30:00Z", 60000, false, ""}));
  EXPECT_FALSE(find_hung(fake_.open(), kName)->overdue);
  fake_.file("/proc/uptime", "121.00 1.00\n");
  EXPECT_TRUE(find_hung(fake_.open(), kName)->overdue);
}

}  // namespace
}  // namespace nvgpuctl
