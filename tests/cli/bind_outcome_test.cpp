// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bind_outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "support/fake_kernel.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kVariant = "nvgrace_gpu_vfio_pci";
constexpr const char* kFirst = "0009:01:00.0";
constexpr const char* kSecond = "0019:01:00.0";

class BindOutcome : public testing::Test {
 protected:
  BindOutcome() {
    fake_.pci_function(kFirst, "0x10de", "0x2342");
    fake_.pci_function(kSecond, "0x10de", "0x2342");
  }

  static BindPlan plan(PciAddress gpu) {
    const std::string home = "/sys/bus/pci/devices/" + to_string(gpu) + '/';
    return {.gpu = gpu,
            .from = "",
            .to = kVariant,
            .steps = {{StepKind::load_module, "", kVariant, ""},
                      {StepKind::write_attribute, home + "driver_override",
                       kVariant, ""},
                      {StepKind::expect_driver, home + "driver", kVariant, ""}},
            .notes = {}};
  }
  std::vector<Outcome> run(const std::vector<BindPlan>& plans) {
    return carry_out(context_, fake_.open(), loader_, plans);
  }
  // An outcome as judge() gets it.
  static Outcome ended(bool done, std::optional<GpuState> state,
                       const std::vector<bool>& steps = {}) {
    Outcome outcome{plan({9, 1, 0, 0}), {{9, 1, 0, 0}, done, {}}, state};
    for (const bool one : steps) {
      outcome.report.steps.push_back({Step{}, one, ""});
    }
    return outcome;
  }

  FakeRoot fake_;
  ScriptedLoader loader_;
  std::ostringstream out_;
  std::ostringstream err_;
  Context context_{.out = out_, .err = err_};
};

TEST_F(BindOutcome, HasTheStateThatTheGpuCameToHave) {
  loader_.then_driver(fake_, kFirst);
  const auto outcomes = run({plan({9, 1, 0, 0})});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_TRUE(outcomes[0].report.done);
  // Bound, but this host has no firmware that describes any memory.
  EXPECT_EQ(outcomes[0].state, GpuState::degraded);
  EXPECT_EQ(judge(context_, outcomes), ExitCode::degraded);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(BindOutcome, NeedsAnOperatorWhenNoDriverCameOfIt) {
  const auto outcomes = run({plan({9, 1, 0, 0})});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_EQ(outcomes[0].report.steps.back().seen, "no driver");
  EXPECT_EQ(judge(context_, outcomes), ExitCode::needs_operator);
  EXPECT_EQ(err_.str(),
            "nvgpuctl: 0009:01:00.0: the change failed half-way\n"
            "hint: see which step failed, and why, above or in 'steps'\n");
}

TEST_F(BindOutcome, IsAPlainFailureWhenNothingWasChanged) {
  loader_.fails = true;
  const auto outcomes = run({plan({9, 1, 0, 0})});
  EXPECT_EQ(judge(context_, outcomes), ExitCode::failed);
  EXPECT_EQ(err_.str(),
            "nvgpuctl: 0009:01:00.0: the change failed before anything was "
            "changed\n"
            "hint: see which step failed, and why, above or in 'steps'\n");
}

TEST_F(BindOutcome, EndsWithTheFirstGpuThatFailed) {
  const auto outcomes = run({plan({9, 1, 0, 0}), plan({0x19, 1, 0, 0})});
  EXPECT_THAT(outcomes, SizeIs(1));
  EXPECT_THAT(loader_.loaded, ElementsAre(kVariant));
  EXPECT_EQ(fake_.content("/sys/bus/pci/devices/0019:01:00.0/driver_override"),
            "(null)\n");
}

TEST_F(BindOutcome, NeedsAnOperatorWhenOnlyALaterGpuFailed) {
  loader_.then_driver(fake_, kFirst);
  const auto outcomes = run({plan({9, 1, 0, 0}), plan({0x19, 1, 0, 0})});
  ASSERT_THAT(outcomes, SizeIs(2));
  EXPECT_TRUE(outcomes[0].report.done);
  EXPECT_FALSE(outcomes[1].report.done);
  EXPECT_EQ(judge(context_, outcomes), ExitCode::needs_operator);
}

TEST_F(BindOutcome, NeedsAnOperatorWhenAnEarlierGpuWasChanged) {
  const std::vector<Outcome> outcomes{ended(true, GpuState::bound, {true}),
                                      ended(false, GpuState::ready, {false})};
  EXPECT_EQ(judge(context_, outcomes), ExitCode::needs_operator);
}

TEST_F(BindOutcome, IsDoneWhenEveryGpuIs) {
  EXPECT_EQ(judge(context_, {ended(true, GpuState::bound, {true}),
                             ended(true, std::nullopt)}),
            ExitCode::done);
  EXPECT_EQ(judge(context_, {}), ExitCode::done);
}

TEST_F(BindOutcome, IsDegradedWhenOneGpuIs) {
  EXPECT_EQ(judge(context_, {ended(true, GpuState::degraded),
                             ended(true, GpuState::bound)}),
            ExitCode::degraded);
}

TEST_F(BindOutcome, IsAnnouncedToSomebodyWhoWatches) {
  BindPlan nothing = plan({0x19, 1, 0, 0});
  nothing.steps.clear();
  run({nothing, plan({9, 1, 0, 0})});
  EXPECT_THAT(err_.str(), IsEmpty());
  context_.progress = true;
  run({nothing, plan({9, 1, 0, 0})});
  EXPECT_EQ(err_.str(),
            "0009:01:00.0: changing the driver; it may wait 30 s for the GPU's "
            "memory\n");
}

}  // namespace
}  // namespace nvgpuctl::cli
