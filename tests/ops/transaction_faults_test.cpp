// SPDX-License-Identifier: GPL-2.0-or-later
//
// A change of two GPUs in which every single call that changes the host goes
// wrong in turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/quiet.hpp"
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

// What is stopped for both GPUs, and the blocks of each.
const std::string kUnit = "nvidia-persistenced.service";
const std::vector<Quiet> kQuiet{{{kUnit}, {{32, 33}, {}}},
                                {{kUnit}, {{48, 49}, {}}}};

enum class Direction { bind, unbind };
enum class Quiesce { no, yes };
enum class Where { host, guest, between };

// Two GPUs on a fake host, in the hands of the one or the other driver.
class Host {
 public:
  explicit Host(Direction direction, Quiesce quiesce = Quiesce::no)
      : direction_(direction), quiesce_(quiesce) {
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
    for (std::size_t i = 0; quiesce == Quiesce::yes && i < kGpus.size(); ++i) {
      for (const auto block : kQuiet[i].memory.movable) {
        fake.file(state(block),
                  direction == Direction::bind ? "online\n" : "offline\n");
      }
    }
    if (direction == Direction::bind) {
      loader.active = {kUnit};
    }
  }

  static std::string state(unsigned block) {
    return fmt::format("/sys/devices/system/memory/memory{}/state", block);
  }
  OriginRecord origin(const PciAddress& gpu) const {
    const auto& quiet = kQuiet[gpu == kGpus[0] ? 0 : 1];
    return {gpu, kHost, kSignature,
            {},  false, quiesce_ == Quiesce::yes ? quiet : Quiet{}};
  }
  // Services and memory belong to the drivers.
  bool all_runs(bool wanted) const {
    bool as_wanted = loader.active.contains(kUnit) == wanted;
    for (const auto& quiet : kQuiet) {
      for (const auto block : quiet.memory.movable) {
        // Empty where the process died with the file open.
        as_wanted =
            as_wanted && (fake.content(state(block)) == "online\n") == wanted;
      }
    }
    return quiesce_ == Quiesce::no || as_wanted;
  }
  std::vector<Change> changes() const {
    std::vector<Change> all;
    for (const auto& gpu : kGpus) {
      const JournalState host{kHost, false, {}};
      const JournalState guest{kGuest, false, origin(gpu)};
      const bool bind = direction_ == Direction::bind;
      auto plan = plan_change(gpu, bind ? kHost : kGuest, bind ? kGuest : kHost,
                              DriverPresence::loaded);
      const auto steps = bind ? quiesce_steps(origin(gpu).quiet)
                              : restore_steps(origin(gpu).quiet);
      plan.steps.insert(bind ? plan.steps.begin() : plan.steps.end(),
                        steps.begin(), steps.end());
      all.push_back(
          {std::move(plan), {gpu, bind ? host : guest, bind ? guest : host}});
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
  Quiesce quiesce_;
};

struct Proof {
  bool passes = true;
};

// What run_transaction() said; nothing when the process died in it.
std::optional<TransactionReport> attempt(Host& host, FaultyHost& faulty,
                                         Proof proof) {
  const auto root = faulty.open(host.fake);
  host.loader.watch(&faulty);
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

// A service that does not start again is said, and nothing is undone for it.
bool tells_what_does_not_run(const TransactionReport& report) {
  return std::any_of(report.gpus.begin(), report.gpus.end(),
                     [](const ChangeReport& one) {
                       return !not_restored(one.steps).empty() ||
                              !not_restored(one.undo).empty();
                     });
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
  host.loader.watch(nullptr);
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
  Quiesce quiesce = Quiesce::no;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  constexpr std::array kFaults{"AnError", "ErrorsForGood", "HalfAWrite",
                               "Death"};
  return fmt::format(
      "{}{}{}{}", info.param.quiesce == Quiesce::yes ? "Quiesced" : "",
      info.param.direction == Direction::bind ? "Bind" : "Unbind",
      info.param.proof.passes ? "" : "ThatDoesNotWork",
      kFaults.at(static_cast<std::size_t>(info.param.fault)));
}

class TransactionFaults : public testing::TestWithParam<Case> {};

TEST_P(TransactionFaults, LeaveEveryGpuOldOrNewOnceRecovered) {
  const auto [direction, fault, proof, quiesce] = GetParam();
  std::size_t point = 0;
  for (bool more = true; more;) {
    ++point;
    Host host(direction, quiesce);
    FaultyHost faulty(host.kernel, fault, point);
    const auto report = attempt(host, faulty, proof);
    SCOPED_TRACE(fmt::format("point {}: {}", point, faulty.calls.back()));
    more = faulty.reached();
    if (report) {
      expect_truth(host, *report);
    }
    const bool told = report && tells_what_does_not_run(*report);
    expect_recovered(host);
    if (!told) {
      EXPECT_TRUE(host.all_runs(host.where() == Where::host));
    }
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_GE(point, 20U);
}

class TransactionDeaths : public testing::TestWithParam<Case> {};

// Recovery is interrupted in its turn, at every point.
TEST_P(TransactionDeaths, LeaveEveryGpuOldOrNewWhenRecoveryDiesToo) {
  const auto [direction, fault, proof, quiesce] = GetParam();
  for (std::size_t point = 1, more = 1; more != 0; ++point) {
    for (std::size_t second = 1, deeper = 1; deeper != 0; ++second) {
      Host host(direction, quiesce);
      FaultyHost faulty(host.kernel, fault, point);
      attempt(host, faulty, proof);
      more = faulty.reached() ? 1 : 0;
      FaultyHost again(host.kernel, Fault::death, second);
      host.loader.watch(&again);
      try {
        recover(again.open(host.fake), host.loader);
      } catch (const Death&) {
      }
      SCOPED_TRACE(fmt::format("points {} and {}", point, second));
      deeper = again.reached() ? 1 : 0;
      expect_recovered(host);
      EXPECT_TRUE(host.all_runs(host.where() == Where::host));
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
                    Case{Direction::unbind, Fault::death, {}},
                    Case{Direction::bind, Fault::error, {}, Quiesce::yes},
                    Case{Direction::bind, Fault::half, {}, Quiesce::yes},
                    Case{Direction::bind, Fault::death, {}, Quiesce::yes},
                    Case{Direction::bind, Fault::error, {false}, Quiesce::yes},
                    Case{Direction::bind, Fault::death, {false}, Quiesce::yes},
                    Case{Direction::unbind, Fault::error, {}, Quiesce::yes},
                    Case{Direction::unbind, Fault::half, {}, Quiesce::yes},
                    Case{Direction::unbind, Fault::death, {}, Quiesce::yes}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Of, TransactionDeaths,
    testing::Values(Case{Direction::bind, Fault::death, {}},
                    Case{Direction::bind, Fault::death, {false}},
                    Case{Direction::unbind, Fault::death, {}},
                    Case{Direction::bind, Fault::death, {}, Quiesce::yes},
                    Case{Direction::unbind, Fault::death, {}, Quiesce::yes}),
    name_of);

}  // namespace
}  // namespace nvgpuctl
