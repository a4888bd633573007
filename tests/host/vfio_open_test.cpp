// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/vfio_open.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/vfio_kernel_device.hpp"
#include "support/fake_root.hpp"

// Only what can be seen without VFIO; the rest is the lab's.

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PciFunction function() {
  PciFunction pci;
  pci.address = {9, 1, 0, 0};
  pci.iommu_group = 19;
  pci.vfio_dev = "vfio0";
  return pci;
}

std::vector<std::string> paths(const FakeRoot& fake) {
  const auto root = fake.open();
  std::vector<std::string> result;
  for (const auto& path : KernelVfio(root).paths(function())) {
    result.push_back(path.path);
  }
  return result;
}

TEST(VfioPaths, AreTheDeviceNodesThatThereAre) {
  FakeRoot root;
  EXPECT_THAT(paths(root), IsEmpty());
  root.file("/dev/vfio/vfio", "").file("/dev/vfio/19", "");
  EXPECT_THAT(paths(root), ElementsAre("/dev/vfio/19"));
  root.file("/dev/vfio/devices/vfio0", "");
  EXPECT_THAT(paths(root), ElementsAre("/dev/vfio/19")) << "without IOMMUFD";
  root.file("/dev/iommu", "");
  EXPECT_THAT(paths(root),
              ElementsAre("/dev/vfio/devices/vfio0", "/dev/vfio/19"));
}

TEST(VfioPaths, NeedAGroupForTheLegacyWay) {
  FakeRoot fake;
  fake.file("/dev/vfio/vfio", "").file("/dev/vfio/19", "");
  const auto root = fake.open();
  auto pci = function();
  pci.iommu_group.reset();
  EXPECT_THAT(KernelVfio(root).paths(pci), IsEmpty());
}

TEST(OpeningVfio, SaysWhichNodeIsMissing) {
  const FakeRoot fake;
  const auto root = fake.open();
  const auto device =
      KernelVfio(root).open(function(), {VfioInterface::group, "/dev/vfio/19"});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Errc::not_found);
  EXPECT_EQ(device.error().subject, "/dev/vfio/vfio");
  EXPECT_EQ(device.error().problem, "No such file or directory");
}

TEST(OpeningVfio, FailsForFilesThatAreNoDeviceNodes) {
  FakeRoot fake;
  fake.file("/dev/vfio/vfio", "").file("/dev/vfio/19", "");
  fake.file("/dev/vfio/devices/vfio0", "").file("/dev/iommu", "");
  const auto root = fake.open();
  const auto group =
      KernelVfio(root).open(function(), {VfioInterface::group, "/dev/vfio/19"});
  ASSERT_FALSE(group);
  EXPECT_EQ(group.error().code, Errc::io);
  EXPECT_EQ(group.error().subject, "/dev/vfio/19");
  EXPECT_EQ(group.error().problem,
            "VFIO_GROUP_GET_STATUS: Inappropriate ioctl for device");
  const auto cdev = KernelVfio(root).open(
      function(), {VfioInterface::cdev, "/dev/vfio/devices/vfio0"});
  ASSERT_FALSE(cdev);
  EXPECT_EQ(cdev.error().problem,
            "VFIO_DEVICE_BIND_IOMMUFD: Inappropriate ioctl for device");
}

// Answers that claim to take so many bytes, one after the other.
struct Claims {
  std::vector<std::uint32_t> bytes;
  std::vector<std::size_t> rooms;

  int operator()(std::span<std::uint8_t> room) {
    rooms.push_back(room.size());
    const std::uint32_t claim = bytes.at(rooms.size() - 1);
    for (std::size_t i = 0; i < 4; ++i) {
      room[i] = static_cast<std::uint8_t>(claim >> 8U * i);
    }
    return 0;
  }
};

TEST(GrowingAnswer, IsAskedForAgainWithAsMuchRoomAsItTakes) {
  Claims claims{{64, 64}, {}};
  const auto answer = ask_with_growing_room("region 4", 32, std::ref(claims));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->size(), 64U);
  EXPECT_THAT(claims.rooms, ElementsAre(32U, 64U));
}

TEST(GrowingAnswer, IsRefusedWhenItIsHuge) {
  Claims claims{{0xFFFFFFFF}, {}};
  const auto answer = ask_with_growing_room("region 4", 32, std::ref(claims));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::malformed);
  EXPECT_EQ(answer.error().subject, "region 4");
  EXPECT_EQ(answer.error().problem,
            "the answer claims to take 4294967295 bytes");
}

TEST(GrowingAnswer, IsNotFollowedForEver) {
  Claims claims{{64, 128, 256, 512, 1024}, {}};
  const auto answer = ask_with_growing_room("region 4", 32, std::ref(claims));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().problem, "the answer grew 4 times");
}

TEST(GrowingAnswer, CarriesTheKernelsRefusal) {
  const auto answer =
      ask_with_growing_room("region 4", 32, [](auto) { return EINVAL; });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::io);
  EXPECT_EQ(answer.error().problem, "Invalid argument");
}

}  // namespace
}  // namespace nvgpuctl
