// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/device_event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr PciAddress kNeighbour{9, 1, 0, 1};
constexpr const char* kPath = "/devices/pci0009:00/0009:00:00.0/0009:01:00.0";

// With a second function in the GPU's group.
HostSnapshot host() {
  auto host = gh200_host();
  PciFunction neighbour;
  neighbour.address = kNeighbour;
  host.iommu_groups[19].members.push_back(neighbour);
  return host;
}

EventRelation relation_of(const DeviceEvent& event) {
  const auto snapshot = host();
  return relate(event, snapshot, assemble(snapshot));
}

Concern concern_of(const std::string& subsystem, const std::string& name,
                   const std::string& path = "") {
  return relation_of({"add", subsystem, name, path, ""}).concern;
}

TEST(Relate, KnowsTheGpuAndItsGroup) {
  const auto itself = relation_of({"bind", "pci", "0009:01:00.0", kPath, ""});
  EXPECT_EQ(itself.concern, Concern::gpu);
  EXPECT_EQ(itself.gpu, kGh200Address);
  const auto group = relation_of({"bind", "pci", "0009:01:00.1", "", ""});
  EXPECT_EQ(group.concern, Concern::group);
  EXPECT_EQ(group.gpu, kGh200Address);
  EXPECT_EQ(concern_of("pci", "0009:02:00.0"), Concern::none);
}

TEST(Relate, KnowsVfioGroupsAndDevices) {
  EXPECT_EQ(concern_of("vfio", "19"), Concern::vfio);
  EXPECT_EQ(concern_of("vfio", "20"), Concern::none);
  EXPECT_EQ(concern_of("vfio", "vfio"), Concern::none);
  EXPECT_EQ(
      concern_of("vfio-dev", "vfio0", std::string(kPath) + "/vfio-dev/vfio0"),
      Concern::vfio);
  EXPECT_EQ(concern_of("vfio-dev", "vfio0",
                       "/devices/pci0009:00/0009:00:00.0/vfio-dev/vfio0"),
            Concern::none);
}

TEST(Relate, KnowsDriversOfPciThatMayHaveAGpu) {
  EXPECT_EQ(concern_of("drivers", "nvidia", "/bus/pci/drivers/nvidia"),
            Concern::driver);
  EXPECT_EQ(concern_of("drivers", "nvgrace_gpu_vfio_pci",
                       "/bus/pci/drivers/nvgrace_gpu_vfio_pci"),
            Concern::driver);
  EXPECT_EQ(concern_of("drivers", "nvme", "/bus/pci/drivers/nvme"),
            Concern::none);
  EXPECT_EQ(concern_of("drivers", "nvidia", "/bus/platform/drivers/nvidia"),
            Concern::none);
}

TEST(Relate, LeavesOtherSubsystemsOut) {
  EXPECT_EQ(concern_of("block", "0009:01:00.0"), Concern::none);
}

const GpuStanding kReady{kGh200Address, GpuState::ready, ""};
const GpuStanding kBound{kGh200Address, GpuState::bound, "vfio"};

TEST(Changes, AreOfStateOrDriver) {
  EXPECT_THAT(changes_between({kReady}, {kReady}), IsEmpty());
  const auto changes = changes_between({kReady}, {kBound});
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].address, kGh200Address);
  EXPECT_EQ(changes[0].before, kReady);
  EXPECT_EQ(changes[0].after, kBound);
}

TEST(Changes, AreThatAGpuComesOrGoes) {
  EXPECT_EQ(changes_between({}, {kReady}).at(0).before, std::nullopt);
  EXPECT_EQ(changes_between({kReady}, {}).at(0).after, std::nullopt);
}

}  // namespace
}  // namespace nvgpuctl
