// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/pci_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::Optional;

TEST(PciAddress, IsWrittenAsTheKernelWritesIt) {
  EXPECT_EQ(to_string(PciAddress{9, 1, 0, 0}), "0009:01:00.0");
  EXPECT_EQ(to_string(PciAddress{0x10000, 0xFF, 0x1F, 7}), "10000:ff:1f.7");
}

TEST(PciAddress, IsReadInShortAndLongForm) {
  EXPECT_THAT(parse_pci_address("0009:01:00.0"),
              Optional(PciAddress{9, 1, 0, 0}));
  EXPECT_THAT(parse_pci_address("9:1:1f.7"),
              Optional(PciAddress{9, 1, 0x1F, 7}));
  EXPECT_THAT(parse_pci_address("1:0.0"), Optional(PciAddress{0, 1, 0, 0}));
  EXPECT_THAT(parse_pci_address("0018:06:00.0"),
              Optional(PciAddress{0x18, 6, 0, 0}));
}

TEST(PciAddress, IsReadAsLibvirtNamesIt) {
  EXPECT_THAT(parse_pci_address("pci_0009_01_00_0"),
              Optional(PciAddress{9, 1, 0, 0}));
}

TEST(PciAddress, MayHaveADomainThatLinuxMadeUp) {
  EXPECT_THAT(parse_pci_address("10000:e1:00.0"),
              Optional(PciAddress{0x10000, 0xE1, 0, 0}));
  EXPECT_THAT(parse_pci_address("ffffffff:00:00.0"),
              Optional(PciAddress{0xFFFFFFFF, 0, 0, 0}));
}

TEST(PciAddress, IsNothingElse) {
  for (const auto* text :
       {"", ".", ":.", "0009:01:00", "0009:01:00.8", "0009:01:20.0",
        "0009:100:00.0", "100000000:01:00.0", "0x9:01:00.0", "9:1:0.0x",
        "1:2:3:4.0", "0009:01:00.0 ", " 9:1:0.0", "9:-1:0.0", "9::0.0", "pci_",
        "pci_0009_01_00", "pci_0009_01_00_0_0", "pci0009:00"}) {
    EXPECT_FALSE(parse_pci_address(text)) << text;
  }
}

TEST(PciAddress, IsOrderedByDomainFirst) {
  EXPECT_LT((PciAddress{8, 6, 0, 0}), (PciAddress{9, 1, 0, 0}));
  EXPECT_LT((PciAddress{9, 1, 0, 0}), (PciAddress{9, 1, 0, 1}));
}

TEST(PciAddress, IsAFolderOfSysfsWithItsAttributes) {
  const PciAddress address{.domain = 9, .bus = 1};
  EXPECT_EQ(sysfs_path(address), "/sys/bus/pci/devices/0009:01:00.0");
  EXPECT_EQ(sysfs_path(address, "driver/unbind"),
            "/sys/bus/pci/devices/0009:01:00.0/driver/unbind");
}

}  // namespace
}  // namespace nvgpuctl
