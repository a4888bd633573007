// SPDX-License-Identifier: GPL-2.0-or-later
// Looks at the configuration space with nvgpuctl's own reader.
#include "gpusim/function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/pci_config.hpp"

namespace nvgpuctl::gpusim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

PciConfig parsed(const GpuOptions& options) {
  std::vector<std::uint8_t> bytes(ConfigSpace::kSize);
  build_function(options).config.read(0, bytes);
  return parse_pci_config(bytes).value_or(PciConfig{});
}

std::vector<std::pair<unsigned, unsigned>> places(const PciConfig& config,
                                                  bool extended) {
  std::vector<std::pair<unsigned, unsigned>> found;
  for (const auto& capability : config.capabilities) {
    if (capability.extended == extended) {
      found.emplace_back(capability.offset, capability.id);
    }
  }
  return found;
}

TEST(Function, HasTheIdentityOfAGh200) {
  const auto config = parsed({});
  EXPECT_EQ(config.vendor, 0x10DE);
  EXPECT_EQ(config.device, 0x2342);
  EXPECT_EQ(config.class_code, 0x030200U);
  EXPECT_EQ(config.revision, 0xA1);
  EXPECT_EQ(config.subsystem_vendor, 0x10DE);
  EXPECT_EQ(config.subsystem_device, 0x16EB);
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST(Function, HasHoppersCapabilitiesWhereHopperHasThem) {
  const auto config = parsed({});
  EXPECT_THAT(places(config, false),
              ElementsAre(std::pair{0x40U, 0x01U}, std::pair{0x48U, 0x05U},
                          std::pair{0x60U, 0x10U}, std::pair{0x9CU, 0x09U},
                          std::pair{0xB0U, 0x11U}));
  EXPECT_THAT(
      places(config, true),
      IsSupersetOf({std::pair{0x12CU, 0x18U}, std::pair{0x134U, 0x15U},
                    std::pair{0x1B8U, 0x01U}, std::pair{0x2A4U, 0x0BU},
                    std::pair{0x2B8U, 0x04U}, std::pair{0x2F0U, 0x03U}}));
}

TEST(Function, HasBlackwellsCapabilitiesWhereBlackwellHasThem) {
  const auto config = parsed({.device_id = 0x2941});
  EXPECT_THAT(places(config, false),
              ElementsAre(std::pair{0x40U, 0x10U}, std::pair{0x7CU, 0x11U},
                          std::pair{0x88U, 0x01U}, std::pair{0x90U, 0x09U},
                          std::pair{0xA4U, 0x09U}));
  EXPECT_THAT(places(config, true),
              IsSupersetOf({std::pair{0x100U, 0x03U}, std::pair{0x148U, 0x01U},
                            std::pair{0x190U, 0x18U}}));
}

TEST(Function, TellsOfTheMigErratum) {
  EXPECT_EQ(parsed({}).mig_erratum_fixed, false);
  EXPECT_EQ(parsed({.mig_erratum_fixed = true}).mig_erratum_fixed, true);
  EXPECT_EQ(parsed({.dvsec = false}).mig_erratum_fixed, std::nullopt);
}

TEST(Function, KeepsTheErratumBitThroughAReset) {
  auto function = build_function({});
  set_mig_erratum_fixed(function, true);
  function.config.reset();
  EXPECT_EQ(function.config.get<std::uint16_t>(0xBA4 + 0xA), 1);
}

TEST(Function, HasOtherDvsecsOfNvidiaBeforeTheOneThatTellsOnBlackwell) {
  const auto config = parsed({.device_id = 0x31C2, .mig_erratum_fixed = true});
  ASSERT_EQ(config.dvsecs.size(), 3U);
  EXPECT_EQ(config.dvsecs[0].vendor, 0x10DE);
  EXPECT_NE(config.dvsecs[0].id, 3);
  EXPECT_EQ(config.dvsecs[2].id, 3);
  EXPECT_EQ(config.mig_erratum_fixed, true);
}

TEST(Function, HasTheDvsecOfCxlDevicesWhenAsked) {
  EXPECT_FALSE(parsed({.device_id = 0x2941}).cxl_device_dvsec());
  EXPECT_TRUE(parsed({.device_id = 0x2941, .cxl = true}).cxl_device_dvsec());
  EXPECT_TRUE(parsed({.cxl = true}).cxl_device_dvsec());
}

TEST(Function, AnswersTheSizingOfItsBars) {
  auto function = build_function({});
  const std::vector<std::uint8_t> ones(24, 0xFF);
  function.config.write(0x10, ones);
  EXPECT_EQ(function.config.get<std::uint64_t>(0x10), 0xFFFFFFFFFF00000CULL);
  EXPECT_EQ(function.config.get<std::uint64_t>(0x18), 0xFFFFFFE00000000CULL);
  EXPECT_EQ(function.config.get<std::uint64_t>(0x20), 0xFFFFFFFFFE00000CULL);
}

TEST(Function, HasNoIoAndNoSpecialCyclesToSwitchOn) {
  auto function = build_function({});
  function.config.write(0x04, std::vector<std::uint8_t>{0xFF, 0xFF});
  EXPECT_EQ(function.config.get<std::uint16_t>(0x04), 0x0546);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
