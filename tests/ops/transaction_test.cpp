// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/transaction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include "core/quiet.hpp"
#include "host/state_dir.hpp"
#include "ops/driver_changes.hpp"
#include "support/fake_kernel.hpp"
#include "support/sample_host.hpp"
#include "support/sample_journal.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kFirst = "0009:01:00.0";
constexpr const char* kSecond = "0019:01:00.0";
const std::vector<PciAddress> kGpus{{9, 1, 0, 0}, {0x19, 1, 0, 0}};

std::vector<CheckSection> proof(Verdict verdict) {
  return {{"vfio", {{"vfio-tail", "tail", verdict, "all ones", "0", "", ""}}}};
}

// Two GPUs that nvidia has, and a bind of both.
class TransactionOfTwo : public testing::Test {
 protected:
  TransactionOfTwo() {
    fake_.directory("/var/lib").directory("/sys/bus/pci/drivers/nvidia");
    fake_.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
    for (const auto* name : {kFirst, kSecond}) {
      fake_.pci_function(name, "0x10de", "0x2342").driver(name, "nvidia");
    }
    kernel_.prefer("nvidia");
    kernel_.offer("nvgrace_gpu_vfio_pci");
  }

  TransactionReport bind(const Prove& prove = {}) {
    std::vector<Change> changes;
    for (const auto& gpu : kGpus) {
      changes.push_back({plan_change(gpu, kNvidiaState, kVariantState,
                                     DriverPresence::loaded),
                         sample_journal(gpu).gpus[0]});
    }
    const auto root = kernel_.open();
    return run_transaction({root, loader_, prove, {}}, "bind", kSampleSignature,
                           std::move(changes));
  }
  DriverState state(const PciAddress& gpu) const {
    return *read_driver_state(fake_.open(), gpu);
  }
  static std::vector<Ending> endings(const TransactionReport& report) {
    std::vector<Ending> all;
    for (const auto& gpu : report.gpus) {
      all.push_back(gpu.ending);
    }
    return all;
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  ScriptedLoader loader_;
};

TEST_F(TransactionOfTwo, BringsBothWhereTheyAreToBe) {
  const auto report = bind();
  EXPECT_FALSE(report.failure);
  EXPECT_THAT(endings(report), ElementsAre(Ending::done, Ending::done));
  for (const auto& gpu : kGpus) {
    EXPECT_EQ(state(gpu), kVariantState);
    EXPECT_EQ(**read_origin(fake_.open(), gpu), sample_origin(gpu));
  }
  EXPECT_FALSE(fake_.open().exists(kJournalPath));
}

TEST_F(TransactionOfTwo, BringsTheFirstBackWhenTheSecondFails) {
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", kSecond);
  const auto report = bind();
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::rolled_back);
  EXPECT_EQ(report.failure->subject, kSecond);
  EXPECT_EQ(report.failure->problem,
            "after the change it has no driver, not nvgrace_gpu_vfio_pci; "
            "everything is as it was before");
  EXPECT_EQ(report.failure->hint, "the kernel log may say why");
  EXPECT_THAT(endings(report),
              ElementsAre(Ending::rolled_back, Ending::rolled_back));
  for (const auto& gpu : kGpus) {
    EXPECT_EQ(state(gpu), kNvidiaState);
  }
  EXPECT_THAT(list_origins(fake_.open()), IsEmpty());
  EXPECT_FALSE(fake_.open().exists(kJournalPath));
}

TEST_F(TransactionOfTwo, SaysWhatTheDriverHasSaidOfAGpuThatItRefuses) {
  fake_.file("/dev/kmsg",
             "8.5 nvgrace 0009:01:00.0: ready\n"
             "9.5 nvgrace 0019:01:00.0: its memory is not ready\n"
             "9.6 nvgrace 0019:01:00.0: probe failed with error -62\n");
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", kSecond);
  EXPECT_EQ(bind().failure->problem,
            "after the change it has no driver, not nvgrace_gpu_vfio_pci; the "
            "kernel log says last of it: '9.5 nvgrace 0019:01:00.0: its memory "
            "is not ready', '9.6 nvgrace 0019:01:00.0: probe failed with error "
            "-62'; everything is as it was before");
}

TEST_F(TransactionOfTwo, NeedsAnOperatorWhenOneCannotBeBroughtBack) {
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", kSecond);
  kernel_.fail_probe("nvidia", kSecond);
  const auto report = bind();
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::needs_operator);
  EXPECT_EQ(report.failure->problem,
            "after the change it has no driver, not nvgrace_gpu_vfio_pci; "
            "0019:01:00.0 cannot be brought back: "
            "/sys/bus/pci/devices/0019:01:00.0/driver: no driver; every other "
            "GPU is as it was before");
  EXPECT_EQ(report.failure->hint,
            "see what is wrong there, then run: nvgpuctl recover");
  EXPECT_THAT(endings(report),
              ElementsAre(Ending::rolled_back, Ending::needs_operator));
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
  const auto own = stuck_journal_path({0x19, 1, 0, 0});
  EXPECT_EQ((*read_journal(fake_.open(), own))->phase, JournalPhase::undo);
  EXPECT_FALSE(fake_.open().exists(kJournalPath)) << "the other one is free";
}

// As `apply` does at boot, one GPU after the other.
TEST_F(TransactionOfTwo, DoesNotWriteOverTheJournalOfAnotherChange) {
  fake_.file(kJournalPath, "of somebody");
  const auto report = bind();
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::needs_operator);
  EXPECT_EQ(report.failure->subject, kJournalPath);
  EXPECT_THAT(report.failure->hint, HasSubstr("nvgpuctl recover"));
  EXPECT_EQ(fake_.content(kJournalPath), "of somebody");
  EXPECT_THAT(endings(report),
              ElementsAre(Ending::unchanged, Ending::unchanged));
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
}

TEST_F(TransactionOfTwo, TakesBackWhatIsBoundAndDoesNotWork) {
  const auto report = bind([](const PciAddress& gpu) {
    return proof(gpu == kGpus[1] ? Verdict::fail : Verdict::pass);
  });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::rolled_back);
  EXPECT_EQ(report.failure->problem,
            "is bound and does not work: vfio-tail: expected all ones, seen 0; "
            "everything is as it was before");
  EXPECT_THAT(report.failure->hint, HasSubstr("--no-validate"));
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
  EXPECT_EQ(state(kGpus[1]), kNvidiaState);
}

TEST_F(TransactionOfTwo, TakesBackWhatCannotBeProvenForLackOfMemory) {
  const auto report =
      bind([](const PciAddress& gpu) -> Result<std::vector<CheckSection>> {
        if (gpu == kGpus[1]) {
          throw std::bad_alloc();
        }
        return proof(Verdict::pass);
      });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::rolled_back);
  EXPECT_EQ(report.failure->subject, "0019:01:00.0");
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
  EXPECT_EQ(state(kGpus[1]), kNvidiaState);
}

TEST_F(TransactionOfTwo, DoesNotTakeASkippedProofForOne) {
  const auto report =
      bind([](const PciAddress&) { return proof(Verdict::skipped); });
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::rolled_back);
}

TEST_F(TransactionOfTwo, KeepsADegradedGpu) {
  const auto report =
      bind([](const PciAddress&) { return proof(Verdict::degraded); });
  EXPECT_FALSE(report.failure);
  EXPECT_EQ(state(kGpus[0]), kVariantState);
  EXPECT_EQ(overall(report.gpus[0].proof), Verdict::degraded);
}

TEST_F(TransactionOfTwo, LeavesAGpuToWhomWasQuickerThanTheProof) {
  const auto report = bind([](const PciAddress&) {
    return Result<std::vector<CheckSection>>(
        fail(Errc::busy, kFirst, "qemu (pid 7) has /dev/vfio/19 open"));
  });
  EXPECT_FALSE(report.failure);
  EXPECT_EQ(report.gpus[0].problem,
            "not validated: qemu (pid 7) has /dev/vfio/19 open");
  EXPECT_EQ(state(kGpus[0]), kVariantState);
}

TEST_F(TransactionOfTwo, WritesNothingWhenThereIsNothingToDo) {
  const auto root = fake_.open();
  const auto report = run_transaction({root, loader_, {}, {}}, "bind",
                                      kSampleSignature, {Change{}});
  EXPECT_FALSE(report.failure);
  EXPECT_THAT(endings(report), ElementsAre(Ending::unchanged));
  EXPECT_FALSE(root.exists("/var/lib/nvgpuctl"));
}

struct NothingStartsAgain : ChangeObserver {
  Interference before(std::string_view call, std::string_view) override {
    return {call == "systemctl start" ? EIO : 0};
  }
  void after(std::string_view, std::string_view) override {}
};

TEST_F(TransactionOfTwo, DoesNotCallAServiceThatStaysStoppedAsItWas) {
  NothingStartsAgain refusal;
  loader_.watch(&refusal);
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", kFirst);
  auto record = sample_journal().gpus[0];
  record.after.origin->quiet.units = {"nvidia-dcgm.service"};
  auto plan = plan_change(kGpus[0], kNvidiaState, kVariantState,
                          DriverPresence::loaded);
  const auto stop = quiesce_steps(record.after.origin->quiet);
  plan.steps.insert(plan.steps.begin(), stop.begin(), stop.end());
  const auto root = kernel_.open();
  const auto report = run_transaction({root, loader_, {}, {}}, "bind",
                                      kSampleSignature, {{plan, record}});
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::io);
  EXPECT_THAT(report.failure->problem,
              HasSubstr("the GPUs are as they were before, but not: start "
                        "nvidia-dcgm.service"));
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
  EXPECT_FALSE(root.exists(kJournalPath));
}

// The first GPU's probe takes longer than its bound, and ends before that GPU
// is brought back.
class LateKernel : public FakeKernel {
 public:
  using FakeKernel::FakeKernel;
  Interference before(std::string_view call, std::string_view path) override {
    if (call == "rename" && path == kJournalPath && ++journals_ == 2) {
      late_ = false;
      const pid_t pid = ::waitpid(-1, nullptr, 0);
      after("reap", "/proc/" + std::to_string(pid));
    }
    return {};
  }
  std::optional<int> stand_in(std::string_view path,
                              std::string_view value) override {
    if (late_ && path.ends_with("/drivers_probe") && value == kFirst) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    }
    return FakeKernel::stand_in(path, value);
  }

 private:
  int journals_ = 0;
  bool late_ = true;
};

TEST_F(TransactionOfTwo, IsRolledBackWhereALateWriteHasReturnedMeanwhile) {
  LateKernel late(fake_);
  late.prefer("nvidia");
  late.offer("nvgrace_gpu_vfio_pci");
  auto root = late.open();
  root.be_patient({std::chrono::milliseconds(500), false});
  std::vector<Change> changes;
  for (const auto& gpu : kGpus) {
    changes.push_back(
        {plan_change(gpu, kNvidiaState, kVariantState, DriverPresence::loaded),
         sample_journal(gpu).gpus[0]});
  }
  const auto report = run_transaction({root, loader_, {}, {}}, "bind",
                                      kSampleSignature, std::move(changes));
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::rolled_back);
  EXPECT_EQ(report.failure->subject, kFirst);
  EXPECT_THAT(report.failure->problem,
              HasSubstr("; everything is as it was before"));
  EXPECT_EQ(report.failure->hint, "it has come back since; try again");
  EXPECT_EQ(state(kGpus[0]), kNvidiaState);
  EXPECT_EQ(state(kGpus[1]), kNvidiaState);
  EXPECT_FALSE(root.exists(kJournalPath));
  EXPECT_THAT(list_stuck_journals(root), IsEmpty());
}

class HangingLoader : public ScriptedLoader {
 public:
  Result<> load(const std::string& module) override {
    return fail(Errc::needs_operator, "module-" + module, "has not come back");
  }
};

TEST_F(TransactionOfTwo, NeedsAnOperatorWhereAModuleIsStillBeingLoaded) {
  HangingLoader hanging;
  const auto root = kernel_.open();
  const auto report =
      run_transaction({root, hanging, {}, {}}, "bind", kSampleSignature,
                      {{plan_change(kGpus[0], kNvidiaState, kVariantState,
                                    DriverPresence::not_loaded),
                        sample_journal().gpus[0]}});
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->code, Errc::needs_operator);
}

// What a GPU's changes write down.
class DriverChanges : public TransactionOfTwo {
 protected:
  HostSnapshot host(const DriverState& now) const {
    auto host = gh200_host();
    host.gpus[0].driver_override = now.driver_override;
    if (!now.driver.empty()) {
      host.gpus[0].driver = now.driver;
    }
    return host;
  }
  Change to_variant(const DriverState& now) const {
    const auto snapshot = host(now);
    return *change_to_variant(fake_.open(), snapshot, only_gpu(snapshot),
                              kSampleSignature);
  }
  Change to_origin(const DriverState& now) const {
    return *change_to_origin(fake_.open(), only_gpu(host(now)),
                             kSampleSignature);
  }
};

TEST_F(DriverChanges, RecordWhatTheGpuWasWhenItIsBound) {
  EXPECT_EQ(to_variant(kNvidiaState).record, sample_journal().gpus[0]);
}

TEST_F(DriverChanges, KeepTheFirstOriginOfAGpuThatIsStillOurs) {
  ASSERT_TRUE(store_origin(fake_.open(), sample_origin()));
  const auto change = to_variant({"", "nvgrace_gpu_vfio_pci"});
  EXPECT_EQ(change.record.after.origin, sample_origin());
}

TEST_F(DriverChanges, RecordAnewWhenSomebodyElseHadTheGpuSince) {
  ASSERT_TRUE(store_origin(fake_.open(), sample_origin()));
  const auto change = to_variant({"vfio-pci", "vfio-pci"});
  EXPECT_EQ(change.record.after.origin->state,
            (DriverState{"vfio-pci", "vfio-pci"}));
}

// It was pulled out while it was bound, and has come back.
TEST_F(DriverChanges, RememberWhoWasStoppedForAGpuThatComesBack) {
  auto known = sample_origin();
  known.quiet.units = {"a.service"};
  ASSERT_TRUE(store_origin(fake_.open(), known));
  const auto change = to_variant({"", std::nullopt});
  EXPECT_EQ(change.record.after.origin->quiet, known.quiet);
}

TEST_F(DriverChanges, RecordNothingWhereTheGpuIsBoundAlready) {
  const auto change = to_variant(kVariantState);
  EXPECT_THAT(change.plan.steps, IsEmpty());
  EXPECT_EQ(change.record.after.origin, std::nullopt);
  EXPECT_EQ(change.record.before, change.record.after);
}

TEST_F(DriverChanges, RestoreExactlyTheRecordedOrigin) {
  auto origin = sample_origin();
  origin.state = {"vfio-pci", "vfio-pci"};
  ASSERT_TRUE(store_origin(fake_.open(), origin));
  const auto change = to_origin(kVariantState);
  EXPECT_EQ(change.record.after.state, origin.state);
  EXPECT_EQ(change.record.after.origin, std::nullopt);
  EXPECT_EQ(change.record.before.origin, origin);
  EXPECT_THAT(change.plan.notes,
              ElementsAre("back to what it was on 2026-01-31T09:30:00Z: driver "
                          "vfio-pci, driver_override vfio-pci"));
}

TEST_F(DriverChanges, LetTheKernelChooseWithoutARecord) {
  const auto change = to_origin(kVariantState);
  EXPECT_TRUE(change.record.after.kernel_chooses);
  EXPECT_EQ(change.record.after.state.driver_override, std::nullopt);
}

TEST_F(DriverChanges, IgnoreTheRecordOfAnotherBoot) {
  auto origin = sample_origin();
  origin.signature.boot_id = "boot-0";
  ASSERT_TRUE(store_origin(fake_.open(), origin));
  EXPECT_TRUE(to_origin(kVariantState).record.after.kernel_chooses);
}

TEST_F(DriverChanges, RefuseAGpuWhoseLastChangeIsNotEnded) {
  ASSERT_TRUE(store_journal(fake_.open(), sample_journal(),
                            stuck_journal_path({9, 1, 0, 0})));
  const auto snapshot = host(kVariantState);
  const auto refused = change_to_variant(fake_.open(), snapshot,
                                         only_gpu(snapshot), kSampleSignature);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::needs_operator);
  EXPECT_EQ(refused.error().problem,
            "NVG-E075 change-unfinished: an earlier change of drivers could "
            "not be ended: /var/lib/nvgpuctl/stuck/0009:01:00.0.json is still "
            "there");
  EXPECT_EQ(change_to_origin(fake_.open(), only_gpu(snapshot), kSampleSignature)
                .error()
                .code,
            Errc::needs_operator);
}

}  // namespace
}  // namespace nvgpuctl
