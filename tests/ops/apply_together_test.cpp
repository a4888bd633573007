// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/driver_change.hpp"
#include "support/fake_kernel.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const DriverState kHost{"nvidia", std::nullopt};
const DriverState kGuest{"nvgrace_gpu_vfio_pci", "nvgrace_gpu_vfio_pci"};

// Four GPUs whose drivers take their time.
class PlansTogether : public testing::Test {
 protected:
  PlansTogether() {
    kernel_.prefer("nvidia");
    kernel_.offer("nvgrace_gpu_vfio_pci");
    for (unsigned i = 0; i < 4; ++i) {
      const PciAddress gpu{static_cast<std::uint16_t>(9 + 16 * i), 1, 0, 0};
      fake_.pci_function(to_string(gpu), "0x10de", "0x2342");
      fake_.driver(to_string(gpu), "nvidia");
      there_.push_back(
          plan_change(gpu, kHost, kGuest, DriverPresence::not_loaded));
      back_.push_back(plan_change(gpu, kGuest, kHost, DriverPresence::loaded));
    }
  }
  std::vector<BindReport> run(const std::vector<BindPlan>& plans) {
    return apply_together(kernel_.open(), loader_, plans, progress_);
  }

  FakeRoot fake_;
  FakeKernel kernel_{fake_};
  ScriptedLoader loader_;
  WaitProgress progress_;
  std::vector<BindPlan> there_;
  std::vector<BindPlan> back_;
};

TEST_F(PlansTogether, TakeAboutAsLongAsOne) {
  kernel_.slow_down(milliseconds(300));
  const auto start = steady_clock::now();
  for (const auto& report : run(there_)) {
    EXPECT_TRUE(report.done);
  }
  const auto between = steady_clock::now();
  for (const auto& plan : back_) {
    EXPECT_TRUE(run({plan})[0].done);
  }
  const auto end = steady_clock::now();
  EXPECT_LT(2 * (between - start), end - between)
      << "one after the other they take four times as long";
}

TEST_F(PlansTogether, LoadAModuleOnce) {
  run(there_);
  EXPECT_THAT(loader_.loaded, testing::ElementsAre("nvgrace_gpu_vfio_pci"));
}

TEST_F(PlansTogether, SayForHowManyTheyWait) {
  kernel_.slow_down(milliseconds(1200));
  std::vector<std::string> said;
  progress_ = [&](std::size_t left, std::size_t all) {
    said.push_back(fmt::format("{} of {}", left, all));
  };
  run(there_);
  ASSERT_THAT(said, testing::Not(testing::IsEmpty()));
  EXPECT_EQ(said.front(), "4 of 4");
}

TEST_F(PlansTogether, BeginNothingMoreWhereOneHasFailed) {
  fake_.file("/sys/bus/pci/drivers_probe", "");
  kernel_.fail_probe("nvgrace_gpu_vfio_pci", to_string(there_[1].gpu));
  const auto reports = run(there_);
  EXPECT_TRUE(reports[0].done);
  EXPECT_FALSE(reports[1].done);
  EXPECT_EQ(reports[1].steps.back().seen, "no driver");
}

}  // namespace
}  // namespace nvgpuctl
