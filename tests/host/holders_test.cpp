// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/holders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

void process(FakeRoot& fake, const std::string& pid, const std::string& command,
             const std::string& open_file) {
  fake.file("/proc/" + pid + "/comm", command + '\n');
  fake.link("/proc/" + pid + "/fd/0", "/dev/null");
  fake.link("/proc/" + pid + "/fd/17", open_file);
}

PciFunction function() {
  PciFunction pci;
  pci.address = {9, 1, 0, 0};
  pci.iommu_group = 19;
  pci.vfio_dev = "vfio0";
  return pci;
}

TEST(Holders, AreProcessesThatHaveTheGroupOpen) {
  FakeRoot fake;
  process(fake, "4242", "qemu-system-aar", "/dev/vfio/19");
  process(fake, "4243", "bash", "/dev/pts/1");
  const auto holders = find_holders(fake.open(), function());
  ASSERT_THAT(holders, SizeIs(1));
  EXPECT_EQ(holders[0].pid, 4242U);
  EXPECT_EQ(holders[0].command, "qemu-system-aar");
  EXPECT_EQ(holders[0].path, "/dev/vfio/19");
}

TEST(Holders, AreProcessesThatHaveTheDeviceOpen) {
  FakeRoot fake;
  process(fake, "4242", "qemu", "/dev/vfio/devices/vfio0");
  EXPECT_THAT(find_holders(fake.open(), function()), SizeIs(1));
}

TEST(Holders, AreNotThoseOfOtherGroups) {
  FakeRoot fake;
  process(fake, "1", "qemu", "/dev/vfio/1");
  process(fake, "2", "qemu", "/dev/vfio/191");
  process(fake, "3", "qemu", "/dev/vfio/vfio");
  process(fake, "4", "qemu", "/dev/vfio/devices/vfio01");
  EXPECT_THAT(find_holders(fake.open(), function()), IsEmpty());
}

TEST(Holders, AreAllUsersOfNvidiaWhileItDrivesTheGpu) {
  FakeRoot fake;
  process(fake, "77", "nvidia-persiste", "/dev/nvidia0");
  auto pci = function();
  EXPECT_THAT(find_holders(fake.open(), pci), IsEmpty());
  pci.driver = "nvidia";
  EXPECT_THAT(find_holders(fake.open(), pci), SizeIs(1));
}

TEST(Holders, AreNotFoundInProcessesThatCannotBeRead) {
  FakeRoot fake;
  fake.directory("/proc/12").file("/proc/meminfo", "");
  fake.file("/proc/13/fd/5", "not a link");
  EXPECT_THAT(find_holders(fake.open(), function()), IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl
