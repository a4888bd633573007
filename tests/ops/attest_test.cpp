// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/model_vfio.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

// Counts how often attestation waits, instead of waiting.
struct Waits {
  int pauses = 0;
  std::vector<std::string> told;

  AttestOptions options() {
    AttestOptions options;
    options.page_size = 64 * kKiB;
    options.pause = [this](std::chrono::milliseconds) { ++pauses; };
    options.tell = [this](std::string_view text) { told.emplace_back(text); };
    return options;
  }
};

Result<DeviceObservation> attest(ModelVfio& model) {
  return observe(model, Waits().options());
}

TEST(Attestation, ReadsEverythingOfAGoodDevice) {
  ModelVfio model;
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_THAT(seen->problems, IsEmpty());
  EXPECT_EQ(seen->device.num_regions, 9U);
  EXPECT_THAT(seen->regions, SizeIs(8)) << "all but the VGA region";
  EXPECT_EQ(seen->ids, 0x234210DEU);
  EXPECT_EQ(seen->c2c_ready, 0xFFU);
  EXPECT_EQ(seen->hbm_ready, 0xFFU);
  EXPECT_EQ(seen->dma_buf, 0);
  const auto& usable = seen->region4;
  EXPECT_EQ(usable.bar->mask, 0xFFFFFFE00000000CU);
  EXPECT_EQ(usable.bar->after, usable.bar->before);
  EXPECT_EQ(usable.tail_first, kOnes);
  EXPECT_EQ(usable.tail_last, kOnes);
  EXPECT_EQ(usable.read_outside, EINVAL);
  EXPECT_EQ(usable.ioeventfd, ENOTTY);
  EXPECT_EQ(usable.too_short->error, EINVAL);
  EXPECT_EQ(usable.without_capabilities->argsz, 64U);
  EXPECT_EQ(seen->region2.bar->mask, 0xFFFFFFFF8000000CU);
}

TEST(Attestation, WritesOnlyToBarsAndCommandAndPutsThemBack) {
  ModelVfio model;
  model.put(0x18, {0x0C, 0, 0, 0x80, 0x20, 0x66, 0, 0});
  ASSERT_TRUE(attest(model));
  EXPECT_THAT(
      model.writes,
      ElementsAre("config 0x18 = 0xffffffff", "config 0x1c = 0xffffffff",
                  "config 0x18 = 0x8000000c", "config 0x1c = 0x6620",
                  "config 0x20 = 0xffffffff", "config 0x24 = 0xffffffff",
                  "config 0x20 = 0xc", "config 0x24 = 0x0", "config 0x4 = 0x2",
                  "config 0x4 = 0x0"));
}

TEST(Attestation, LeavesTheCommandRegisterAloneWhereMemoryDecodeIsOn) {
  ModelVfio model;
  model.put(0x04, {0x06, 0x04});
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->command_before, 0x0406);
  EXPECT_EQ(seen->command_during, 0x0406);
  EXPECT_EQ(seen->command_after, 0x0406);
  EXPECT_THAT(model.writes, Not(Contains(testing::HasSubstr("config 0x4 "))));
}

TEST(Attestation, MapsSinglePagesAtTheEndsOfTheMemory) {
  ModelVfio model;
  model.memory.erase(2);
  ASSERT_TRUE(attest(model));
  EXPECT_THAT(model.maps, ElementsAre("0x10000 at 0x0 of region 4",
                                      "0x10000 at 0x179fff0000 of region 4",
                                      "0x10000 at 0x17a0000000 of region 4",
                                      "0x20000 at 0x179fff0000 of region 4",
                                      "private 0x10000 at 0x0 of region 4"));
}

TEST(Attestation, TouchesNothingOfAPhysicalBar) {
  ModelVfio model;
  model.memory.clear();
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_THAT(model.maps, IsEmpty());
  EXPECT_EQ(seen->region4.tail_first, std::nullopt);
  EXPECT_EQ(seen->region4.bar->mask, 0xFFFFFFFFFE00000CU);
}

TEST(Attestation, DoesNotWaitForAGpuThatIsReady) {
  ModelVfio model;
  Waits waits;
  ASSERT_TRUE(observe(model, waits.options()));
  EXPECT_EQ(waits.pauses, 0);
  EXPECT_THAT(waits.told, IsEmpty());
}

TEST(Attestation, WaitsForMemoryThatTrainsAfterTheReset) {
  ModelVfio model;
  model.not_ready_reads = 3;
  Waits waits;
  const auto seen = observe(model, waits.options());
  ASSERT_TRUE(seen);
  EXPECT_EQ(waits.pauses, 3);
  EXPECT_EQ(seen->hbm_ready, 0xFFU);
  EXPECT_THAT(waits.told,
              ElementsAre("waiting up to 30 s for the GPU's memory"));
}

TEST(Attestation, StopsWaitingAfterAsLongAsTheDriverWould) {
  ModelVfio model;
  model.hbm_ready = 0x0F;
  Waits waits;
  const auto seen = observe(model, waits.options());
  ASSERT_TRUE(seen);
  EXPECT_EQ(waits.pauses, 300);
  EXPECT_EQ(seen->hbm_ready, 0x0FU);
}

TEST(Attestation, DoesNotWaitForAGpuThatDoesNotAnswer) {
  ModelVfio model;
  model.put(0, {0xFF, 0xFF, 0xFF, 0xFF});
  model.c2c_ready = 0xFFFFFFFF;
  Waits waits;
  ASSERT_TRUE(observe(model, waits.options()));
  EXPECT_EQ(waits.pauses, 0);
}

TEST(Attestation, ReadsReadinessFromTheCxlDvsecWhereThereIsOne) {
  ModelVfio model;
  model.put(0x10C, {0x23, 0, 1, 0, 0x98, 0x1E, 0, 0});
  model.put(0x10C + 0x1C, {0x03, 0xA0, 0, 0});
  auto options = Waits().options();
  options.cxl_dvsec = 0x10C;
  const auto seen = observe(model, options);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->cxl_range, 0xA003U);
  EXPECT_EQ(seen->c2c_ready, std::nullopt);
}

TEST(Attestation, SaysNothingOfACxlDvsecThatTheKernelHides) {
  ModelVfio model;
  auto options = Waits().options();
  options.cxl_dvsec = 0x10C;
  const auto seen = observe(model, options);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->cxl_range, std::nullopt);
}

TEST(Attestation, PutsABarBackWhenTheReadBetweenFails) {
  ModelVfio model;
  model.put(0x20, {0x0C, 0, 0, 0, 0x20, 0, 0, 0});
  model.fail_on("read 4 of region 7 at 0x20", "Input/output error", 1);
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->region4.bar, std::nullopt);
  EXPECT_THAT(seen->problems,
              ElementsAre("region 7 at 0x20: Input/output error"));
  EXPECT_EQ(model.config[0x24], 0x20);
}

TEST(Attestation, PutsABarBackWhenOnlyHalfOfItWasWritten) {
  ModelVfio model;
  model.put(0x20, {0x0C, 0, 0, 0, 0x20, 0, 0, 0});
  model.fail_on("config 0x24 = 0xffffffff", "Input/output error");
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_THAT(seen->problems, ElementsAre("sizing BAR 4: Input/output error"));
  EXPECT_THAT(model.writes, Contains("config 0x20 = 0xc"));
  EXPECT_THAT(model.writes, Contains("config 0x24 = 0x20"));
}

TEST(Attestation, TriesBothHalvesAndFailsWhenABarCannotBePutBack) {
  ModelVfio model;
  model.put(0x20, {0x0C, 0, 0, 0, 0x20, 0, 0, 0});
  model.fail_on("config 0x20 = 0xc", "No such device");
  const auto seen = attest(model);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().subject, "BAR 4");
  EXPECT_EQ(seen.error().problem,
            "its value 0x200000000c could not be put back: No such device");
  EXPECT_EQ(model.writes.back(), "config 0x24 = 0x20");
}

TEST(Attestation, SizesNothingWhoseValueItCouldNotRead) {
  ModelVfio model;
  model.fail_on("read 4 of region 7 at 0x20", "Input/output error");
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->region4.bar, std::nullopt);
  EXPECT_THAT(model.writes, Not(Contains("config 0x20 = 0xffffffff")));
}

TEST(Attestation, FailsWhenTheCommandRegisterCannotBePutBack) {
  ModelVfio model;
  model.fail_on("config 0x4 = 0x0", "No such device");
  const auto seen = attest(model);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().subject, "the command register");
  EXPECT_EQ(seen.error().problem,
            "its value 0x0 could not be put back: No such device");
}

TEST(Attestation, PutsTheCommandRegisterBackWhenReadsFail) {
  ModelVfio model;
  model.fail_on("read 4 of region 0 at 0x1498", "Input/output error");
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->c2c_ready, std::nullopt);
  EXPECT_THAT(seen->problems,
              ElementsAre("region 0 at 0x1498: Input/output error"));
  EXPECT_EQ(model.writes.back(), "config 0x4 = 0x0");
}

TEST(Attestation, RecordsTailsThatCannotBeReadAndGoesOn) {
  ModelVfio model;
  model.fail_on("read 8 of region 4 at 0x17a0000000", "Invalid argument");
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->region4.tail_first, std::nullopt);
  EXPECT_EQ(seen->region4.tail_last, kOnes);
  EXPECT_THAT(seen->problems,
              ElementsAre("region 4 at 0x17a0000000: Invalid argument"));
}

TEST(Attestation, DoesNotReadTailsThatAreNotThere) {
  ModelVfio model;
  model.memory[4] = {128 * kGiB, 128 * kGiB};
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->region4.tail_first, std::nullopt);
  EXPECT_EQ(seen->region4.read_outside, EINVAL);
}

TEST(Attestation, DoesNotReadTheNextRegionBehindTheLargest) {
  ModelVfio model;
  model.memory[4] = {kTiB - 64 * kKiB, kTiB};
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->region4.read_outside, std::nullopt);
}

TEST(Attestation, MapsNothingThatIsNotMadeOfPages) {
  ModelVfio model;
  model.memory = {{4, {128 * kGiB - 4 * kKiB, 128 * kGiB}}};
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_THAT(model.maps, IsEmpty());
  EXPECT_THAT(seen->problems,
              ElementsAre("region 4: 0x1ffffff000 bytes are not made of pages "
                          "of 0x10000"));
}

TEST(Attestation, LooksAtABoundedNumberOfRegions) {
  ModelVfio model;
  model.device.num_regions = 0xFFFFFFFF;
  const auto seen = attest(model);
  ASSERT_TRUE(seen);
  EXPECT_THAT(seen->regions, SizeIs(63));
  EXPECT_THAT(seen->problems,
              ElementsAre("it claims 4294967295 regions; the first 64 were "
                          "looked at"));
}

TEST(Attestation, FailsWhenTheDeviceDoesNotDescribeItself) {
  ModelVfio model;
  model.fail_on("device_info", "No such device");
  const auto seen = attest(model);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().problem, "No such device");
}

TEST(Attestation, FailsWhenARegionDoesNotDescribeItself) {
  ModelVfio model;
  model.fail_on("region_info 4", "Invalid argument");
  const auto seen = attest(model);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::io);
  EXPECT_EQ(seen.error().problem, "Invalid argument");
}

}  // namespace
}  // namespace nvgpuctl
