// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/gpu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace nvgpuctl::gpusim {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kConfig = 7;
constexpr Instant kPowerOn{};

// Software that drives the GPU, and the time it is.
class GpuTest : public testing::Test {
 protected:
  explicit GpuTest(const GpuOptions& options = {}) : gpu_(options, now_) {
    switch_memory_on();
  }

  std::uint64_t get(unsigned region, std::uint64_t offset, std::size_t width) {
    std::vector<std::uint8_t> bytes(width);
    gpu_.read(region, offset, bytes, now_);
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8U | bytes[i];
    }
    return value;
  }
  void put(unsigned region, std::uint64_t offset, std::size_t width,
           std::uint64_t value) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < width; ++i) {
      bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
    gpu_.write(region, offset, bytes, now_);
  }
  void switch_memory_on() { put(kConfig, 0x04, 2, 0x0006); }
  // Device Control, bit 15.
  void reset_function() { put(kConfig, 0x68, 2, 0x8000); }

  Instant now_ = kPowerOn;
  Gpu gpu_;
};

class SlowGpu : public GpuTest {
 protected:
  SlowGpu() : GpuTest({.ready = {.after = milliseconds(3000)}}) {}
};

class SoftResetGpu : public GpuTest {
 protected:
  SoftResetGpu()
      : GpuTest({.soft_reset = true, .ready = {.after = milliseconds(3000)}}) {}
};

class CxlGpu : public GpuTest {
 protected:
  CxlGpu()
      : GpuTest({.device_id = 0x2941,
                 .cxl = true,
                 .ready = {.after = milliseconds(3000)}}) {}
};

class GpuWithDeadConfig : public GpuTest {
 protected:
  GpuWithDeadConfig() : GpuTest({.config_dead = true}) {}
};

TEST_F(GpuTest, HasVfiosRegions) {
  EXPECT_EQ(gpu_.region_size(0), 16 * kMiB);
  EXPECT_EQ(gpu_.region_size(1), 0U);
  EXPECT_EQ(gpu_.region_size(2), 128 * kGiB);
  EXPECT_EQ(gpu_.region_size(4), 32 * kMiB);
  EXPECT_EQ(gpu_.region_size(6), 0U);
  EXPECT_EQ(gpu_.region_size(7), 4096U);
  EXPECT_EQ(gpu_.region_size(0xFFFFFFFF), 0U);
}

TEST_F(GpuTest, IsReadyAtOnceUnlessToldOtherwise) {
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
  EXPECT_EQ(get(0, 0x200BC, 4), 0xFFU);
  EXPECT_EQ(gpu_.counters().readiness_reads, 2U);
}

TEST_F(GpuTest, ShowsReadinessToEveryWidthOfAccess) {
  EXPECT_EQ(get(0, 0x1498, 1), 0xFFU);
  EXPECT_EQ(get(0, 0x1499, 1), 0U);
  EXPECT_EQ(get(0, 0x1494, 8), 0x000000FF'00000000ULL);
  EXPECT_EQ(get(0, 0x200BE, 4), 0U);
}

TEST_F(GpuTest, DoesNotLetSoftwareWriteReadiness) {
  put(0, 0x1498, 4, 0x12345678);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
}

TEST_F(SlowGpu, IsReadyOnlyAfterItsTime) {
  now_ = kPowerOn + milliseconds(2999);
  EXPECT_EQ(get(0, 0x1498, 4), 0U);
  EXPECT_EQ(get(0, 0x200BC, 4), 0U);
  now_ = kPowerOn + milliseconds(3000);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
}

TEST_F(SlowGpu, StartsItsTimeAnewAtAFunctionLevelReset) {
  now_ = kPowerOn + milliseconds(5000);
  reset_function();
  switch_memory_on();
  EXPECT_EQ(get(0, 0x1498, 4), 0U);
  now_ += milliseconds(3000);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
  EXPECT_EQ(gpu_.counters().function_resets, 1U);
}

TEST_F(SlowGpu, StartsItsTimeAnewAtADeviceReset) {
  now_ = kPowerOn + milliseconds(5000);
  gpu_.reset_device(now_);
  switch_memory_on();
  EXPECT_EQ(get(0, 0x1498, 4), 0U);
  EXPECT_EQ(gpu_.counters().device_resets, 1U);
}

TEST_F(GpuTest, CanBeMadeNeverReady) {
  gpu_.set_ready({.after = std::nullopt});
  now_ += std::chrono::hours(1000);
  EXPECT_EQ(get(0, 0x1498, 4), 0U);
}

TEST_F(GpuTest, CanHaveItsLinkUpAndItsMemoryUntrained) {
  gpu_.set_ready({.hbm = 0x0F});
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
  EXPECT_EQ(get(0, 0x200BC, 4), 0x0FU);
}

TEST_F(CxlGpu, TellsReadinessInTheCxlRangeRegister) {
  // Valid, 4 seconds to wait, not active yet.
  EXPECT_EQ(get(kConfig, 0x10C + 0x1C, 4), 0x2001U);
  now_ += milliseconds(3000);
  EXPECT_EQ(get(kConfig, 0x10C + 0x1C, 4), 0x2003U);
  gpu_.set_ready({.c2c = 0});
  EXPECT_EQ(get(kConfig, 0x10C + 0x1C, 4), 0x2001U);
}

TEST_F(GpuTest, AnswersNoMemoryAccessWithoutMemoryDecode) {
  put(kConfig, 0x04, 2, 0);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFFFFFFFU);
  put(0, 0x100, 4, 1);
  switch_memory_on();
  EXPECT_EQ(get(0, 0x100, 4), 0U);
  EXPECT_EQ(gpu_.counters().unanswered, 2U);
}

TEST_F(GpuTest, AnswersNoMemoryAccessInLowPower) {
  put(kConfig, 0x44, 2, 3);
  EXPECT_EQ(get(kConfig, 0x44, 2), 0x000BU);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFFFFFFFU);
  put(kConfig, 0x44, 2, 0);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
  EXPECT_EQ(gpu_.counters().suspends, 1U);
}

TEST_F(GpuTest, IgnoresPowerStatesThatItDoesNotHave) {
  put(kConfig, 0x44, 2, 1);
  EXPECT_EQ(get(kConfig, 0x44, 2), 0x0008U);
  put(kConfig, 0x44, 2, 3);
  put(kConfig, 0x44, 2, 2);
  EXPECT_EQ(get(kConfig, 0x44, 2), 0x000BU);
}

TEST_F(GpuTest, IsInD0AfterAReset) {
  put(kConfig, 0x44, 2, 3);
  reset_function();
  EXPECT_EQ(get(kConfig, 0x44, 2), 0x0008U);
}

TEST_F(GpuTest, LosesItsBarsAndItsContentsAtAReset) {
  put(kConfig, 0x18, 8, 0x6620'0000'0000);
  EXPECT_EQ(get(kConfig, 0x18, 8), 0x6620'0000'000CU);
  put(2, 0x1F'0000'0000, 4, 0xC0FFEE);
  EXPECT_EQ(get(2, 0x1F'0000'0000, 4), 0xC0FFEEU);
  reset_function();
  EXPECT_EQ(get(kConfig, 0x18, 8), 0xCU);
  EXPECT_EQ(get(kConfig, 0x04, 2), 0U);
  switch_memory_on();
  EXPECT_EQ(get(2, 0x1F'0000'0000, 4), 0U);
}

TEST_F(GpuTest, ReadsTheResetBitAsZero) {
  put(kConfig, 0x68, 2, 0x0010);
  EXPECT_EQ(get(kConfig, 0x68, 2), 0x0010U);
  reset_function();
  EXPECT_EQ(get(kConfig, 0x68, 2), 0x2810U);
}

TEST_F(GpuTest, MasksAllVectorsAtAReset) {
  EXPECT_EQ(get(0, 0xB9000C, 4), 1U);
  EXPECT_EQ(get(0, 0xB9008C, 4), 1U);
  EXPECT_EQ(get(0, 0xB9009C, 4), 0U);
  put(0, 0xB9000C, 4, 0);
  reset_function();
  switch_memory_on();
  EXPECT_EQ(get(0, 0xB9000C, 4), 1U);
}

TEST_F(GpuTest, ShowsPendingInterrupts) {
  gpu_.set_pending(3);
  EXPECT_EQ(get(0, 0xBA0000, 8), 8U);
  EXPECT_TRUE(gpu_.take_pending(3));
  EXPECT_FALSE(gpu_.take_pending(3));
  EXPECT_EQ(get(0, 0xBA0000, 8), 0U);
}

TEST_F(GpuTest, CanInterruptOnlyAsABusMasterInFullPower) {
  EXPECT_TRUE(gpu_.can_interrupt());
  put(kConfig, 0x44, 2, 3);
  EXPECT_EQ(gpu_.can_interrupt().error().problem, "the GPU is in D3");
  put(kConfig, 0x44, 2, 0);
  put(kConfig, 0x04, 2, 2);
  EXPECT_EQ(gpu_.can_interrupt().error().problem, "bus mastering is off");
  gpu_.set_link(false, now_);
  EXPECT_EQ(gpu_.can_interrupt().error().problem, "the GPU is off the bus");
}

TEST_F(GpuTest, WithDeadConfigurationStillHasItsBars) {
  gpu_.set_config_dead(true);
  EXPECT_EQ(get(kConfig, 0, 4), 0xFFFFFFFFU);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
  // Nothing arrives there either.
  put(kConfig, 0x04, 2, 0);
  reset_function();
  gpu_.set_config_dead(false);
  EXPECT_EQ(get(kConfig, 0x04, 2), 6U);
}

TEST_F(GpuWithDeadConfig, IsDeadFromTheFirstResetOn) {
  EXPECT_EQ(get(kConfig, 0, 4), 0x234210DEU);
  gpu_.reset_device(now_);
  EXPECT_EQ(get(kConfig, 0, 4), 0xFFFFFFFFU);
  gpu_.set_config_dead(false);
  gpu_.reset_device(now_);
  EXPECT_EQ(get(kConfig, 0, 4), 0x234210DEU);
}

TEST_F(GpuTest, AnswersNothingWhileItsLinkIsDown) {
  gpu_.set_link(false, now_);
  EXPECT_EQ(get(kConfig, 0, 4), 0xFFFFFFFFU);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFFFFFFFU);
  EXPECT_EQ(get(2, 0, 8), 0xFFFFFFFFFFFFFFFFU);
}

TEST_F(GpuTest, ComesBackResetWhenItsLinkDoes) {
  gpu_.set_link(false, now_);
  gpu_.set_link(true, now_);
  EXPECT_EQ(get(kConfig, 0, 4), 0x234210DEU);
  EXPECT_EQ(get(kConfig, 0x04, 2), 0U);
  EXPECT_EQ(gpu_.counters().link_resets, 1U);
}

TEST_F(GpuTest, ComesBackInThePowerStateThatQemuTakesItToBeIn) {
  put(kConfig, 0x44, 2, 3);
  gpu_.set_link(false, now_);
  gpu_.set_link(true, now_);
  EXPECT_EQ(get(kConfig, 0x44, 2), 0x000BU);
}

TEST_F(GpuTest, DoesNotComeBackOnceRemoved) {
  gpu_.remove();
  gpu_.set_link(true, now_);
  gpu_.reset_device(now_);
  EXPECT_EQ(get(kConfig, 0, 4), 0xFFFFFFFFU);
}

TEST_F(SlowGpu, StaysReadyInD3hot) {
  now_ = kPowerOn + milliseconds(5000);
  put(kConfig, 0x44, 2, 3);
  put(kConfig, 0x44, 2, 0);
  EXPECT_EQ(get(kConfig, 0x44, 2), 8U);  // NoSoftRst+
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
}

TEST_F(SoftResetGpu, StartsItsTimeAnewOnTheWayOutOfD3hot) {
  now_ = kPowerOn + milliseconds(5000);
  put(kConfig, 0x44, 2, 3);
  put(kConfig, 0x44, 2, 0);
  EXPECT_EQ(get(kConfig, 0x44, 2), 0U);
  EXPECT_EQ(get(kConfig, 0x04, 2), 0U);
  switch_memory_on();
  EXPECT_EQ(get(0, 0x1498, 4), 0U);
  now_ += milliseconds(3000);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
}

TEST_F(SoftResetGpu, IsNotResetByAWriteOfD0InD0) {
  now_ = kPowerOn + milliseconds(5000);
  put(kConfig, 0x44, 2, 0);
  EXPECT_EQ(get(0, 0x1498, 4), 0xFFU);
}

TEST_F(SlowGpu, TellsItsStateAsJson) {
  now_ += milliseconds(1500);
  put(kConfig, 0x44, 2, 3);
  const auto json = nlohmann::json::parse(gpu_.state_json(now_));
  EXPECT_EQ(json["power"], "D3hot");
  EXPECT_EQ(json["command"], 6);
  EXPECT_EQ(json["link"], "up");
  EXPECT_EQ(json["config"], "ok");
  EXPECT_EQ(json["ready"]["after_ms"], 3000);
  EXPECT_EQ(json["ready"]["since_reset_ms"], 1500);
  EXPECT_EQ(json["ready"]["passed"], false);
  EXPECT_EQ(json["bars"][1]["size"], 137438953472);
  EXPECT_EQ(json["mig_erratum_fixed"], false);
  EXPECT_EQ(json["counts"]["config_writes"], 2);
  EXPECT_EQ(json["counts"]["suspends"], 1);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
