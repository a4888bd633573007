// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>

#include <nlohmann/json.hpp>

#include "gpusim/test_events.hpp"

namespace nvgpuctl::gpusim {
namespace {

using std::chrono::milliseconds;
using testing::StartsWith;

class ControlTest : public testing::Test {
 protected:
  std::string run(std::string_view line) {
    return run_command(line, gpu_, interrupts_, now_);
  }
  std::uint32_t vendor() {
    std::vector<std::uint8_t> bytes(4);
    gpu_.read(7, 0, bytes, now_);
    return read_le<std::uint32_t>(bytes, 0).value_or(0);
  }
  void become_bus_master() {
    gpu_.write(7, 4, std::vector<std::uint8_t>{6, 0}, now_);
  }

  Instant now_;
  Gpu gpu_{GpuOptions{}, now_};
  Interrupts interrupts_;
};

TEST_F(ControlTest, SetsReadinessKeyByKey) {
  EXPECT_EQ(run("ready c2c=0x7f hbm=0"), "ok");
  EXPECT_EQ(run("ready  after_ms=3000 \r"), "ok");
  EXPECT_EQ(gpu_.ready_options().c2c, 0x7FU);
  EXPECT_EQ(gpu_.ready_options().hbm, 0U);
  EXPECT_EQ(gpu_.ready_options().after, milliseconds(3000));
  EXPECT_EQ(run("ready after_ms=never"), "ok");
  EXPECT_EQ(gpu_.ready_options().after, std::nullopt);
  EXPECT_EQ(gpu_.ready_options().c2c, 0x7FU);
}

TEST_F(ControlTest, SetsNothingWhenOneKeyIsWrong) {
  EXPECT_EQ(run("ready c2c=1 hbn=2"),
            "error: command: usage: ready [c2c=N] [hbm=N] [after_ms=N|never]");
  EXPECT_THAT(run("ready c2c=0x100000000"), StartsWith("error: "));
  EXPECT_THAT(run("ready c2c="), StartsWith("error: "));
  EXPECT_THAT(run("ready after_ms=99999999999"), StartsWith("error: "));
  EXPECT_EQ(gpu_.ready_options().c2c, 0xFFU);
}

TEST_F(ControlTest, KillsAndRevivesConfigurationSpace) {
  EXPECT_EQ(run("config dead"), "ok");
  EXPECT_EQ(vendor(), 0xFFFFFFFFU);
  EXPECT_EQ(run("config ok"), "ok");
  EXPECT_EQ(vendor(), 0x234210DEU);
  EXPECT_EQ(run("config"), "error: command: usage: config dead|ok");
}

TEST_F(ControlTest, TakesTheLinkDownAndUp) {
  EXPECT_EQ(run("link down"), "ok");
  EXPECT_EQ(vendor(), 0xFFFFFFFFU);
  EXPECT_EQ(run("link up"), "ok");
  EXPECT_EQ(vendor(), 0x234210DEU);
  EXPECT_EQ(run("link sideways"), "error: command: usage: link up|down");
}

TEST_F(ControlTest, RemovesTheGpuForGood) {
  EXPECT_EQ(run("remove"), "ok");
  EXPECT_EQ(run("link up"), "ok");
  EXPECT_EQ(vendor(), 0xFFFFFFFFU);
}

TEST_F(ControlTest, ChangesTheErratumBit) {
  EXPECT_EQ(run("dvsec mig_fixed=1"), "ok");
  EXPECT_EQ(nlohmann::json::parse(run("state"))["mig_erratum_fixed"], true);
  gpu_ = Gpu({.dvsec = false}, now_);
  EXPECT_EQ(run("dvsec mig_fixed=1"),
            "error: dvsec: this GPU was made without NVIDIA's DVSEC 3");
}

TEST_F(ControlTest, SendsAnInterruptToWhoListens) {
  become_bus_master();
  const TestEvent event;
  std::vector<Fd> fds;
  fds.push_back(event.sender());
  ASSERT_EQ(
      interrupts_.set({VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD,
                       VFIO_PCI_MSIX_IRQ_INDEX, 2, 1},
                      std::move(fds)),
      0);
  EXPECT_EQ(run("msix vector=2"), "ok");
  EXPECT_EQ(event.count(), 1U);
  EXPECT_EQ(gpu_.counters().interrupts, 1U);
}

TEST_F(ControlTest, LeavesAnInterruptPendingThatNobodyListensTo) {
  become_bus_master();
  EXPECT_EQ(run("msix vector=8"), "ok");
  EXPECT_EQ(gpu_.counters().interrupts, 0U);
  EXPECT_TRUE(gpu_.take_pending(8));
}

TEST_F(ControlTest, SendsNoInterruptThatTheGpuCouldNot) {
  EXPECT_EQ(run("msix vector=0"), "error: msix: bus mastering is off");
  EXPECT_EQ(run("msix vector=9"), "error: command: usage: msix vector=0…8");
}

TEST_F(ControlTest, SaysWhatItKnowsToWhoAsksForSomethingElse) {
  const std::string known =
      "error: command: known: ready, config, link, remove, dvsec, msix, state";
  EXPECT_EQ(run("explode"), known);
  EXPECT_EQ(run(""), known);
  EXPECT_EQ(run("remove now"), known);
}

TEST_F(ControlTest, AnswersStateInOneLine) {
  const auto state = run("state");
  EXPECT_EQ(state.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(state)["device_id"], 0x2342);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
