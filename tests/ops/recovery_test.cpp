// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include "host/hung_records.hpp"
#include "host/state_dir.hpp"
#include "support/fault_points.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PciAddress kGpu{9, 1, 0, 0};
constexpr const char* kJournalName = "0009:01:00.0";

// A host on which a bind of one GPU was interrupted.
class RecoveryOf : public testing::Test {
 protected:
  RecoveryOf() {
    fake_.directory("/var/lib").pci_function(kJournalName, "0x10de", "0x2342");
    fake_.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
    fake_.driver(kJournalName, "nvidia");
    kernel_.offer("nvidia");
    kernel_.offer("nvgrace_gpu_vfio_pci");
  }

  void interrupted(const Journal& journal) {
    ASSERT_TRUE(store_journal(fake_.open(), journal));
    ASSERT_TRUE(store_origin(fake_.open(), sample_origin()));
  }
  void now(const DriverState& state) {
    std::filesystem::remove(
        fake_.path("/sys/bus/pci/devices/0009:01:00.0/driver"));
    if (!state.driver.empty()) {
      fake_.driver(kJournalName, state.driver);
    }
    fake_.attribute(kJournalName, "driver_override",
                    state.driver_override.value_or("(null)\n"));
  }
  // It is bound, and a process has it open.
  void held_by_a_guest() {
    now(kVariantState);
    fake_.iommu_group(kJournalName, 19);
    fake_.link("/proc/12/fd/3", "/dev/vfio/19").file("/proc/12/comm", "qemu\n");
  }
  Recovery run() { return recover(kernel_.open(), loader_); }
  DriverState state() const { return *read_driver_state(fake_.open(), kGpu); }
  bool has(std::string_view path) const { return fake_.open().exists(path); }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  ScriptedLoader loader_;
};

TEST_F(RecoveryOf, NothingSaysNothing) {
  const auto recovery = run();
  EXPECT_THAT(recovery.lines, IsEmpty());
  EXPECT_EQ(recovery.course, std::nullopt);
  EXPECT_FALSE(recovery.failure);
}

TEST_F(RecoveryOf, AGpuWithoutADriverGivesItBackToTheFormerOne) {
  interrupted(sample_journal());
  now({"", "nvgrace_gpu_vfio_pci"});
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_EQ(recovery.course, RecoveryCourse::undo);
  EXPECT_THAT(
      recovery.lines,
      ElementsAre("0009:01:00.0: the bind of 2026-01-31T09:30:00Z by uid 0, "
                  "pid 7, nvgpuctl bind was not complete; brought back to what "
                  "was before (driver nvidia)"));
  EXPECT_EQ(state(), kNvidiaState);
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

TEST_F(RecoveryOf, AnArrivedGpuFinishesItsRecords) {
  ASSERT_TRUE(store_journal(fake_.open(), sample_journal()));
  now(kVariantState);
  const auto recovery = run();
  EXPECT_EQ(recovery.course, RecoveryCourse::finish);
  EXPECT_THAT(
      recovery.lines,
      ElementsAre("0009:01:00.0: the bind of 2026-01-31T09:30:00Z by uid 0, "
                  "pid 7, nvgpuctl bind had been done; finished its records "
                  "(driver nvgrace_gpu_vfio_pci, driver_override "
                  "nvgrace_gpu_vfio_pci)"));
  EXPECT_EQ(state(), kVariantState);
  EXPECT_EQ(**read_origin(fake_.open(), kGpu), sample_origin());
  EXPECT_FALSE(has(kJournalPath));
}

TEST_F(RecoveryOf, AnEarlierBootTouchesNoDriver) {
  interrupted(sample_journal());
  fake_.file("/proc/sys/kernel/random/boot_id", "boot-2\n");
  now({"nouveau", std::nullopt});
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_EQ(recovery.course, RecoveryCourse::forget);
  EXPECT_THAT(
      recovery.lines,
      ElementsAre(
          HasSubstr("ended with the host's last boot; left as it is now "
                    "(driver nouveau)"),
          "0009:01:00.0: dropped the record of its origin, which was of an "
          "earlier boot"));
  EXPECT_EQ(state(), (DriverState{"nouveau", std::nullopt}));
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

TEST_F(RecoveryOf, ACorruptJournalKeepsItAndGuessesNothing) {
  fake_.file(kJournalPath, "{\"apiVersion\": ");
  now({"", "nvgrace_gpu_vfio_pci"});
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_EQ(recovery.course, std::nullopt);
  ASSERT_THAT(recovery.lines, testing::SizeIs(1));
  EXPECT_THAT(recovery.lines[0],
              testing::MatchesRegex(
                  "/var/lib/nvgpuctl/journal:1:1: end of map flow not found; "
                  "it cannot be used and "
                  "is kept as /var/lib/nvgpuctl/journal.corrupt-20.*Z"));
  EXPECT_EQ(state(), (DriverState{"", "nvgrace_gpu_vfio_pci"}));
  ASSERT_THAT(recovery.left, testing::SizeIs(1)) << "this is no success";
  EXPECT_EQ(recovery.left[0].problem,
            "cannot be used, so nobody knows what was left to do");
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_THAT(run().lines, IsEmpty());
}

TEST_F(RecoveryOf, ACorruptOriginKeepsItAside) {
  fake_.file(origin_path(kGpu), "nonsense");
  const auto recovery = run();
  ASSERT_THAT(recovery.lines, testing::SizeIs(1));
  EXPECT_THAT(recovery.lines[0], HasSubstr("0009:01:00.0.json.corrupt-20"));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

TEST_F(RecoveryOf, AHeldGpuNamesTheHolderAndKeepsAJournalOfItsOwn) {
  auto journal = sample_journal();
  journal.phase = JournalPhase::undo;
  interrupted(journal);
  held_by_a_guest();
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  ASSERT_THAT(recovery.stuck, testing::SizeIs(1));
  EXPECT_EQ(recovery.stuck[0].code, Errc::needs_operator);
  EXPECT_EQ(recovery.stuck[0].problem,
            "cannot be brought back: 0009:01:00.0: qemu (pid 12) has "
            "/dev/vfio/19 open");
  EXPECT_EQ(recovery.stuck[0].hint,
            "see what is wrong there, then run: nvgpuctl recover");
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_TRUE(has(stuck_journal_path(kGpu)));
  EXPECT_EQ(state(), kVariantState);
}

TEST_F(RecoveryOf, AGpuThatIsGoneDropsItsRecords) {
  auto journal = sample_journal();
  journal.phase = JournalPhase::undo;
  interrupted(journal);
  std::filesystem::remove(fake_.path("/sys/bus/pci/devices/0009:01:00.0"));
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_THAT(recovery.lines, ElementsAre(HasSubstr("(not there any more)")));
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

// No record of who was stopped is left of it.
TEST_F(RecoveryOf, AGpuThatIsGoneStartsWhoWasStoppedForIt) {
  auto origin = sample_origin();
  origin.quiet.units = {"a.service"};
  auto journal = sample_journal();
  journal.phase = JournalPhase::undo;
  journal.verb = "unbind";
  journal.gpus[0].before.origin = origin;
  journal.gpus[0].after.origin.reset();
  interrupted(journal);
  std::filesystem::remove(fake_.path("/sys/bus/pci/devices/0009:01:00.0"));
  EXPECT_FALSE(run().failure);
  EXPECT_THAT(loader_.active, ElementsAre("a.service"));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

TEST_F(RecoveryOf, AGpuThatWasBoundByHandAndIsGoneStartsWhoWasStoppedForIt) {
  auto origin = sample_origin();
  origin.quiet.units = {"a.service"};
  ASSERT_TRUE(store_origin(fake_.open(), origin));
  EXPECT_THAT(run().lines, IsEmpty()) << "it is there";
  std::filesystem::remove(fake_.path("/sys/bus/pci/devices/0009:01:00.0"));
  EXPECT_THAT(run().lines,
              ElementsAre("0009:01:00.0: start a.service: active",
                          "0009:01:00.0: is gone; dropped its record, and who "
                          "was stopped for it runs again"));
  EXPECT_THAT(loader_.active, ElementsAre("a.service"));
  EXPECT_FALSE(has(origin_path(kGpu)));
}

TEST_F(RecoveryOf, AHeldGpuWithAJournalOfItsOwnKeepsNobodyElseFromAChange) {
  auto journal = sample_journal();
  journal.phase = JournalPhase::undo;
  const auto own = stuck_journal_path(kGpu);
  ASSERT_TRUE(store_journal(fake_.open(), journal, own));
  held_by_a_guest();
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  ASSERT_THAT(recovery.stuck, testing::SizeIs(1));
  EXPECT_EQ(recovery.stuck[0].code, Errc::needs_operator);
  EXPECT_EQ(recovery.stuck[0].problem,
            "0009:01:00.0 cannot be brought back: 0009:01:00.0: qemu (pid 12) "
            "has /dev/vfio/19 open");
  EXPECT_THAT(recovery.lines.back(),
              testing::StartsWith("/var/lib/nvgpuctl/stuck/0009:01:00.0.json "
                                  "stays, and only its GPU cannot be changed"));
  EXPECT_TRUE(has(own));
  EXPECT_EQ(state(), kVariantState);

  std::filesystem::remove_all(fake_.path("/proc/12"));
  EXPECT_THAT(run().stuck, IsEmpty());
  EXPECT_FALSE(has(own));
  EXPECT_EQ(state(), kNvidiaState);
}

// An unbind without a record: its last step is to ask the kernel for a driver.
Journal unbind_by_the_kernel() {
  return {"unbind",
          JournalPhase::apply,
          kSampleSignature,
          {{kGpu, {kVariantState, false, {}}, {{}, true, {}}}}};
}

TEST_F(RecoveryOf, AnUnbindAsksForTheDriverThatNobodyHasAskedForYet) {
  ASSERT_TRUE(store_journal(fake_.open(), unbind_by_the_kernel()));
  now({"", std::nullopt});
  kernel_.prefer("nvidia");
  const auto recovery = run();
  EXPECT_EQ(recovery.course, RecoveryCourse::finish);
  EXPECT_THAT(recovery.left, IsEmpty());
  EXPECT_EQ(state(), kNvidiaState);
  EXPECT_FALSE(has(kJournalPath));
}

TEST_F(RecoveryOf, AnUnbindLeavesTheDriverThatTheKernelHasChosen) {
  ASSERT_TRUE(store_journal(fake_.open(), unbind_by_the_kernel()));
  now({"nouveau", std::nullopt});
  kernel_.prefer("nvidia");
  EXPECT_THAT(run().lines, ElementsAre(HasSubstr("(driver nouveau)")));
}

// An unbind of a GPU for which a service and memory were stopped.
Journal unbind_of_quiesced() {
  auto origin = sample_origin();
  origin.quiet = {{"nvidia-dcgm.service"}, {{32}, {}}};
  return {"unbind",
          JournalPhase::apply,
          kSampleSignature,
          {{kGpu, {kVariantState, false, origin}, {kNvidiaState, false, {}}}}};
}

struct NothingStarts : ChangeObserver {
  Interference before(std::string_view call, std::string_view) override {
    return {call == "systemctl start" ? EIO : 0};
  }
  void after(std::string_view, std::string_view) override {}
};

TEST_F(RecoveryOf, AServiceThatDoesNotStartIsNotDone) {
  fake_.file("/sys/devices/system/memory/memory32/state", "offline\n");
  ASSERT_TRUE(store_journal(fake_.open(), unbind_of_quiesced()));
  NothingStarts refusal;
  loader_.watch(&refusal);
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_THAT(recovery.stuck, IsEmpty());
  ASSERT_THAT(recovery.left, testing::SizeIs(1));
  EXPECT_EQ(recovery.left[0].code, Errc::io);
  EXPECT_EQ(recovery.left[0].problem,
            "not everything runs as it is to: start nvidia-dcgm.service: "
            "systemctl could not start it; ");
  EXPECT_EQ(fake_.content("/sys/devices/system/memory/memory32/state"),
            "online\n");
  EXPECT_FALSE(has(kJournalPath));
}

TEST_F(RecoveryOf, AServiceThatABindHadStoppedAndThatDoesNotStartIsNotDone) {
  auto journal = sample_journal();
  journal.gpus[0].after.origin->quiet.units = {"nvidia-dcgm.service"};
  interrupted(journal);
  now({"", "nvgrace_gpu_vfio_pci"});
  NothingStarts refusal;
  loader_.watch(&refusal);
  const auto recovery = run();
  EXPECT_FALSE(recovery.failure);
  EXPECT_EQ(state(), kNvidiaState);
  ASSERT_THAT(recovery.left, testing::SizeIs(1));
  EXPECT_THAT(recovery.left[0].problem, HasSubstr("nvidia-dcgm.service"));
}

TEST_F(RecoveryOf, MemoryThatHangsGivesTheGpuAJournalOfItsOwn) {
  const std::string block = "/sys/devices/system/memory/memory32/state";
  fake_.file(block, "offline\n");
  ASSERT_TRUE(store_journal(fake_.open(), unbind_of_quiesced()));
  // Which call is the write itself depends on how its record is written.
  std::optional<HungWrite> hung;
  for (std::size_t point = 1; point < 30 && !hung; ++point) {
    FaultyHost faulty(kernel_, Fault::hang, point);
    auto root = faulty.open(fake_);
    root.be_patient({std::chrono::milliseconds(100), false});
    const auto recovery = recover(root, loader_);
    hung = find_hung(fake_.open(), kJournalName);
    if (hung) {
      EXPECT_FALSE(recovery.failure);
      EXPECT_THAT(recovery.stuck, testing::SizeIs(1));
    } else {
      fake_.file(block, "offline\n");
      ASSERT_TRUE(store_journal(fake_.open(), unbind_of_quiesced()));
    }
  }
  ASSERT_TRUE(hung);
  const auto own = stuck_journal_path(kGpu);
  EXPECT_FALSE(has(kJournalPath));
  EXPECT_EQ((*read_journal(fake_.open(), own))->phase, JournalPhase::apply);
  EXPECT_THAT(run().stuck, testing::SizeIs(1)) << "it still hangs";
  EXPECT_TRUE(has(own));

  ::kill(static_cast<pid_t>(hung->pid), SIGKILL);
  ::waitpid(static_cast<pid_t>(hung->pid), nullptr, 0);
  kernel_.after("reap", fmt::format("/proc/{}", hung->pid));
  EXPECT_THAT(run().stuck, IsEmpty());
  EXPECT_EQ(fake_.content(block), "online\n");
  EXPECT_EQ(state(), kNvidiaState);
  EXPECT_FALSE(has(own));
}

}  // namespace
}  // namespace nvgpuctl
