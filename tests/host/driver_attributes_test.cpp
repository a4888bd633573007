// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/driver_attributes.hpp"

#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

constexpr PciAddress kGraceGpu{9, 1, 0, 0};

FakeRoot& add_attributes(FakeRoot& root) {
  const std::string folder = "/sys/bus/pci/devices/0009:01:00.0/nvgpu/";
  root.file(folder + "layout", "split\n");
  root.file(folder + "coherent_base", "0x420000000000\n");
  root.file(folder + "coherent_size", "0x17e4f00000\n");
  root.file(folder + "usable_size", "0x17a0000000\n");
  root.file(folder + "reserved_size", "0x44f00000\n");
  root.file(folder + "ready", "1\n");
  return root.file(folder + "fallback_reason", "none\n");
}

TEST(DriverAttributes, AreWhatTheDriverTells) {
  FakeRoot root;
  const auto told =
      read_driver_attributes(add_attributes(root).open(), kGraceGpu);
  ASSERT_TRUE(told);
  ASSERT_TRUE(*told);
  EXPECT_EQ((*told)->layout, "split");
  EXPECT_EQ((*told)->coherent_base, 0x420000000000U);
  EXPECT_EQ((*told)->coherent_size, 0x17E4F00000U);
  EXPECT_EQ((*told)->usable_size, 0x17A0000000U);
  EXPECT_EQ((*told)->reserved_size, 0x44F00000U);
  EXPECT_TRUE((*told)->ready);
  EXPECT_EQ((*told)->fallback_reason, "none");
}

TEST(DriverAttributes, AreNothingForAnotherDriver) {
  const FakeRoot root;
  const auto told = read_driver_attributes(root.open(), kGraceGpu);
  ASSERT_TRUE(told);
  EXPECT_EQ(*told, std::nullopt);
}

TEST(DriverAttributes, NameAFileThatHoldsNoNumber) {
  FakeRoot root;
  add_attributes(root).attribute("0009:01:00.0", "nvgpu/usable_size", "-1\n");
  const auto told = read_driver_attributes(root.open(), kGraceGpu);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::malformed);
  EXPECT_EQ(told.error().subject,
            "/sys/bus/pci/devices/0009:01:00.0/nvgpu/usable_size");
  EXPECT_EQ(told.error().problem, "holds no number");
}

TEST(DriverAttributes, NameAFileThatIsMissing) {
  FakeRoot root;
  root.attribute("0009:01:00.0", "nvgpu/layout", "split\n");
  const auto told = read_driver_attributes(root.open(), kGraceGpu);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::not_found);
  EXPECT_EQ(told.error().subject,
            "/sys/bus/pci/devices/0009:01:00.0/nvgpu/coherent_base");
}

}  // namespace
}  // namespace nvgpuctl
