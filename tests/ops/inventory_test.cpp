// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/inventory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(Inventory, HoldsGpusAndSaysWhyOthersAreNone) {
  FakeRoot fake;
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  fake.pci_function("0000:01:00.0", "0x10de", "0x1db1");
  fake.pci_function("000f:01:00.0", "0x10de", "0x2e12");
  const auto inventory = take_inventory(fake.open(), {});
  ASSERT_TRUE(inventory);
  ASSERT_THAT(inventory->gpus, SizeIs(1));
  EXPECT_EQ(inventory->gpus[0].pci.address, (PciAddress{9, 1, 0, 0}));
  EXPECT_EQ(inventory->gpus[0].model.name, "GH200 120GB");
  ASSERT_THAT(inventory->others, SizeIs(2));
  EXPECT_EQ(inventory->others[0].second,
            "10de:1db1 is no Grace GPU: its memory is not coherent with the "
            "CPU's, and plain vfio-pci passes it through");
  EXPECT_THAT(inventory->others[1].second, HasSubstr("GB10"));
}

TEST(Inventory, IsEmptyOnAHostWithoutGpus) {
  FakeRoot fake;
  const auto inventory = take_inventory(fake.open(), {});
  ASSERT_TRUE(inventory);
  EXPECT_THAT(inventory->gpus, IsEmpty());
  EXPECT_THAT(inventory->others, IsEmpty());
}

TEST(Inventory, IsTakenDespiteABrokenDeviceFileByWhoeverAsksWhatIsWrong) {
  FakeRoot fake;
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  fake.file("/etc/nvgpuctl/devices.d/a.yaml", "models: 7\n");
  EXPECT_FALSE(take_inventory(fake.open(), {}));
  const auto inventory =
      take_inventory(fake.open(), {.despite_device_files = true});
  ASSERT_TRUE(inventory);
  EXPECT_THAT(inventory->gpus, SizeIs(1));
  ASSERT_THAT(inventory->host.problems, Not(IsEmpty()));
  EXPECT_THAT(inventory->host.problems.back(),
              HasSubstr("/etc/nvgpuctl/devices.d/a.yaml:1:"));
}

TEST(SelectorTargets, NameTheFunctionThatWasAskedForByAddress) {
  FakeRoot fake;
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  fake.pci_function("0001:01:00.0", "0x8086", "0x1572", "0x020000");
  const auto root = fake.open();
  const auto inventory = take_inventory(root, {});
  ASSERT_TRUE(inventory);
  const std::array<std::string, 5> selectors{"0001:01:00.0", "0009:01:00.0",
                                             "0002:01:00.0", "0001:*", "x"};
  const auto targets = selector_targets(root, *inventory, selectors);
  EXPECT_THAT(targets.gpus, ElementsAre(PciAddress{9, 1, 0, 0}));
  ASSERT_THAT(targets.others, SizeIs(1));
  EXPECT_EQ(targets.others[0].first, (PciAddress{1, 1, 0, 0}));
  EXPECT_THAT(targets.others[0].second, HasSubstr("it is Ethernet controller"));
}

}  // namespace
}  // namespace nvgpuctl
