// SPDX-License-Identifier: GPL-2.0-or-later
//
// A change of two GPUs in which every single call that changes the host goes
// wrong in turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/state_dir.hpp"
#include "ops/recovery.hpp"
#include "ops/transaction.hpp"
#include "support/fault_points.hpp"

namespace nvgpuctl {
namespace {

const std::vector<PciAddress> kGpus{{9, 1, 0, 0}, {0x19, 1, 0, 0}};
const DriverState kHost{"nvidia", std::nullopt};
const DriverState kGuest{"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"};
const Signature kSignature{"boot-1", "uid 0", "2026-01-31T09:30:00Z"};

enum class Direction { bind, unbind };
enum class Where { host, guest, between };

// Two GPUs on a fake host, in the hands of the one or the other driver.
class Host {
 public:
  explicit Host(Direction direction) : direction_(direction) {
    fake.directory("/var/lib").directory("/run");
    fake.file("/proc/sys/kernel/random/boot_id", "boot-1\n");
    kernel.prefer("nvidia");
    kernel.offer("nvgrace_gpu_vfio_pci");
    fake.directory("/sys/bus/pci/drivers/nvidia");
    const auto& now = direction == Direction::bind ? kHost : kGuest;
    for (const auto& gpu : kGpus) {
      fake.pci_function(to_string(gpu), "0x10de", "0x2342");
      fake.driver(to_string(gpu), now.driver);
      if (now.driver_override) {
        fake.attribute(to_string(gpu), "driver_override", *now.driver_override);
        EXPECT_TRUE(store_origin(fake.open(), origin(gpu)));
      }
    }
  }

  static OriginRecord origin(const PciAddress& gpu) {
    return {gpu, kHost, kSignature, {}, false};
  }
  std::vector<Change> changes() const {
    std::vector<Change> all;
    for (const auto& gpu : kGpus) {
      const JournalState host{kHost, false, {}};
      const JournalState guest{kGuest, false, origin(gpu)};
      const bool bind = direction_ == Direction::bind;
      all.push_back({plan_change(gpu, bind ? kHost : kGuest,
                                 bind ? kGuest : kHost, DriverPresence::loaded),
                     {gpu, bind ? host : guest, bind ? guest : host}});
    }
    return all;
  }
  Where where() const {
    std::size_t guests = 0;
    std::size_t hosts = 0;
    const auto root = fake.open();
    for (const auto& gpu : kGpus) {
      const auto now = read_driver_state(root, gpu);
      const auto record = read_origin(root, gpu);
      guests += now && record && *now == kGuest && *record == origin(gpu);
      hosts += now && record && *now == kHost && !*record;
    }
    if (guests == kGpus.size()) {
      return Where::guest;
    }
    return hosts == kGpus.size() ? Where::host : Where::between;
  }
  Where goal() const {
    return direction_ == Direction::bind ? Where::guest : Where::host;
  }
  Where start() const {
    return direction_ == Direction::bind ? Where::host : Where::guest;
  }
  bool has_journal() const { return fake.open().exists(kJournalPath); }

  FakeRoot fake;
  FakeKernel kernel{fake};
  ScriptedLoader loader;

 private:
  Direction direction_;
};

struct Proof {
  bool passes = true;
};

// What run_transaction() said; nothing when the process died in it.
std::optional<TransactionReport> attempt(Host& host, FaultyHost& faulty,
                                         Proof proof) {
  const auto root = faulty.open(host.fake);
  const TransactionTools tools{
      root,
      host.loader,
      [&](const PciAddress&) -> Result<std::vector<CheckSection>> {
        return std::vector<CheckSection>{
            {"vfio",
             {{"vfio-open", "", proof.passes ? Verdict::pass : Verdict::fail,
               "", "", "", ""}}}};
      },
      {}};
  try {
    return run_transaction(tools, "bind", kSignature, host.changes());
  } catch (const Death&) {
    return std::nullopt;
  }
}

// What the report says is what there is.
void expect_truth(const Host& host, const TransactionReport& report) {
  if (!report.failure) {
    EXPECT_EQ(host.where(), host.goal());
    EXPECT_FALSE(host.has_journal());
    return;
  }
  if (report.failure->code == Errc::rolled_back) {
    EXPECT_EQ(host.where(), host.start());
    EXPECT_FALSE(host.has_journal());
    return;
  }
  EXPECT_EQ(report.failure->code, Errc::needs_operator);
}

void expect_recovered(Host& host) {
  const auto root = host.kernel.open();
  const auto recovery = recover(root, host.loader);
  EXPECT_FALSE(recovery.failure) << recovery.failure->problem;
  EXPECT_NE(host.where(), Where::between);
  EXPECT_FALSE(host.has_journal());
  EXPECT_TRUE(recover(root, host.loader).lines.empty()) << "not idempotent";
}

struct Case {
  Direction direction;
  Fault fault;
  Proof proof;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  constexpr std::array kFaults{"AnError", "ErrorsForGood", "HalfAWrite",
                               "Death"};
  return fmt::format(
      "{}{}{}", info.param.direction == Direction::bind ? "Bind" : "Unbind",
      info.param.proof.passes ? "" : "ThatDoesNotWork",
      kFaults.at(static_cast<std::size_t>(info.param.fault)));
}

class TransactionFaults : public testing::TestWithParam<Case> {};

TEST_P(TransactionFaults, LeaveEveryGpuOldOrNewOnceRecovered) {
  const auto [direction, fault, proof] = GetParam();
  std::size_t point = 0;
  for (bool more = true; more;) {
    ++point;
    Host host(direction);
    FaultyHost faulty(host.kernel, fault, point);
    const auto report = attempt(host, faulty, proof);
    SCOPED_TRACE(fmt::format("point {}: {}", point, faulty.calls.back()));
    more = faulty.reached();
    if (report) {
      expect_truth(host, *report);
    }
    expect_recovered(host);
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_GE(point, 20U);
}

class TransactionDeaths : public testing::TestWithParam<Case> {};

// Recovery is interrupted in its turn, at every point.
TEST_P(TransactionDeaths, LeaveEveryGpuOldOrNewWhenRecoveryDiesToo) {
  const auto [direction, fault, proof] = GetParam();
  for (std::size_t point = 1, more = 1; more != 0; ++point) {
    for (std::size_t second = 1, deeper = 1; deeper != 0; ++second) {
      Host host(direction);
      FaultyHost faulty(host.kernel, fault, point);
      attempt(host, faulty, proof);
      more = faulty.reached() ? 1 : 0;
      FaultyHost again(host.kernel, Fault::death, second);
      try {
        recover(again.open(host.fake), host.loader);
      } catch (const Death&) {
      }
      SCOPED_TRACE(fmt::format("points {} and {}", point, second));
      deeper = again.reached() ? 1 : 0;
      expect_recovered(host);
      if (HasFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, TransactionFaults,
    testing::Values(Case{Direction::bind, Fault::error, {}},
                    Case{Direction::bind, Fault::error_for_good, {}},
                    Case{Direction::bind, Fault::half, {}},
                    Case{Direction::bind, Fault::death, {}},
                    Case{Direction::bind, Fault::error, {false}},
                    Case{Direction::bind, Fault::error_for_good, {false}},
                    Case{Direction::bind, Fault::death, {false}},
                    Case{Direction::unbind, Fault::error, {}},
                    Case{Direction::unbind, Fault::error_for_good, {}},
                    Case{Direction::unbind, Fault::half, {}},
                    Case{Direction::unbind, Fault::death, {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Of, TransactionDeaths,
    testing::Values(Case{Direction::bind, Fault::death, {}},
                    Case{Direction::bind, Fault::death, {false}},
                    Case{Direction::unbind, Fault::death, {}}),
    name_of);

}  // namespace
}  // namespace nvgpuctl
