// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bind_outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "support/fake_root.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::SizeIs;

constexpr const char* kAddress = "0009:01:00.0";

ChangeReport change(Ending ending) {
  ChangeReport report;
  report.plan.gpu = {9, 1, 0, 0};
  report.ending = ending;
  return report;
}

// Of a GPU on a host without an IOMMU.
std::vector<Outcome> moved_to(const std::string& driver) {
  FakeRoot fake;
  fake.pci_function(kAddress, "0x10de", "0x2342");
  fake.driver(kAddress, driver);
  auto report = change(Ending::done);
  report.plan.to = driver;
  return read_outcomes(fake.open(), {report});
}

class BindOutcome : public testing::Test {
 protected:
  ExitCode judged(const std::optional<Error>& failure,
                  const std::vector<Outcome>& outcomes = {}) {
    return judge(context_, failure, outcomes);
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Context context_{.out = out_, .err = err_};
};

TEST_F(BindOutcome, HasTheStateThatTheGpuCameToHave) {
  const auto outcomes = moved_to("nvgrace_gpu_vfio_pci");
  ASSERT_THAT(outcomes, SizeIs(1));
  // Bound, but this host has no IOMMU.
  EXPECT_EQ(outcomes[0].state, GpuState::blocked);
  EXPECT_EQ(judged(std::nullopt, outcomes), ExitCode::not_viable);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(BindOutcome, IsDegradedWithoutMemory) {
  EXPECT_EQ(
      judged(std::nullopt, {{change(Ending::done), GpuState::degraded, true}}),
      ExitCode::degraded);
}

TEST_F(BindOutcome, IsDoneForAGpuThatWasUnbound) {
  for (const auto state : {GpuState::blocked, GpuState::degraded}) {
    EXPECT_EQ(judged(std::nullopt, {{change(Ending::done), state}}),
              ExitCode::done);
  }
}

TEST_F(BindOutcome, AsksForMemoryOnlyOfItsVariantDriver) {
  EXPECT_EQ(judged(std::nullopt, moved_to("pci-stub")), ExitCode::done);
}

TEST_F(BindOutcome, HasNoStateWhenTheGpuIsGone) {
  FakeRoot fake;
  const auto outcomes = read_outcomes(fake.open(), {change(Ending::done)});
  ASSERT_THAT(outcomes, SizeIs(1));
  EXPECT_EQ(outcomes[0].state, std::nullopt);
}

TEST_F(BindOutcome, IsRolledBackWhenTheTransactionSaysSo) {
  EXPECT_EQ(judged(Error{Errc::rolled_back, kAddress, "failed", "look"}),
            ExitCode::rolled_back);
  EXPECT_EQ(err_.str(), "nvgpuctl: 0009:01:00.0: failed\nhint: look\n");
}

TEST_F(BindOutcome, NeedsAnOperatorWhenTheTransactionSaysSo) {
  EXPECT_EQ(judged(Error{Errc::needs_operator, kAddress, "half-way", ""}),
            ExitCode::needs_operator);
  EXPECT_EQ(err_.str(), "nvgpuctl: 0009:01:00.0: half-way\n");
}

TEST_F(BindOutcome, IsInUseWhenSomebodyWasQuickerThanTheValidation) {
  auto taken = change(Ending::done);
  taken.problem = "not validated: qemu (pid 7) has /dev/vfio/19 open";
  EXPECT_EQ(judged(std::nullopt, {{taken, GpuState::bound}}), ExitCode::in_use);
  EXPECT_EQ(err_.str(),
            "nvgpuctl: 0009:01:00.0: not validated: qemu (pid 7) has "
            "/dev/vfio/19 open\n"
            "hint: it is bound; validate it when it is free\n");
}

TEST_F(BindOutcome, IsDoneWhenEveryGpuIs) {
  EXPECT_EQ(judged(std::nullopt, {{change(Ending::done), GpuState::bound},
                                  {change(Ending::unchanged), std::nullopt}}),
            ExitCode::done);
  EXPECT_EQ(judged(std::nullopt), ExitCode::done);
}

TEST_F(BindOutcome, IsDegradedWhenTheProofOfOneGpuIs) {
  auto degraded = change(Ending::done);
  degraded.proof = {
      {"vfio", {{"vfio-layout", "", Verdict::degraded, "", "", "", ""}}}};
  EXPECT_EQ(judged(std::nullopt, {{degraded, GpuState::bound, true},
                                  {change(Ending::done), GpuState::bound}}),
            ExitCode::degraded);
}

}  // namespace
}  // namespace nvgpuctl::cli
