// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/census.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(Census, KnowsTheNodesOfGpus) {
  for (const auto* path : {"/dev/vfio/19", "/dev/vfio/devices/vfio0",
                           "/dev/nvidia-uvm", "/dev/dri/card1", "/dev/iommu"}) {
    EXPECT_TRUE(is_gpu_node(path)) << path;
  }
  for (const auto* path : {"/dev/null", "/dev/iommu0", "/srv/dev/nvidia0"}) {
    EXPECT_FALSE(is_gpu_node(path)) << path;
  }
}

TEST(Census, KnowsTheLibrariesOfNvidiasDriver) {
  EXPECT_TRUE(is_nvidia_library("/usr/lib/libnvidia-ml.so.570.86.15"));
  EXPECT_TRUE(is_nvidia_library("/opt/x/libcuda.so.1"));
  EXPECT_FALSE(is_nvidia_library("/usr/lib/libcudart.so.12"));
}

TEST(Census, FindsWhatALineOfMapsNames) {
  EXPECT_EQ(mapped_path("ffff8000-ffff9000 r-xp 00000000 fe:01 4242  "
                        "/usr/lib/libcuda.so.1"),
            "/usr/lib/libcuda.so.1");
  EXPECT_EQ(mapped_path("ffff8000-ffff9000 rw-p 00000000 00:00 0  [heap]"), "");
  EXPECT_EQ(mapped_path(""), "");
}

TEST(Census, FindsTheFunctionThatAVfioDescriptorNames) {
  EXPECT_EQ(vfio_device_of("pos:\t0\nvfio-device-syspath: /sys/devices/"
                           "pci0009:00/0009:00:00.0/0009:01:00.0\n"),
            (PciAddress{9, 1, 0, 0}));
  EXPECT_FALSE(vfio_device_of("vfio-device-syspath: /sys/devices/x\n"));
  EXPECT_FALSE(vfio_device_of("pos:\t0\n"));
}

TEST(Census, TellsAnOpenFileFromOneThatIsOnlyNamed) {
  EXPECT_TRUE(only_names_file("pos:\t0\nflags:\t012100000\nmnt_id:\t6\n"));
  EXPECT_FALSE(only_names_file("pos:\t0\nflags:\t02100002\nmnt_id:\t6\n"));
  EXPECT_FALSE(only_names_file("flags:\tx\n"));
  EXPECT_FALSE(only_names_file(""));
}

}  // namespace
}  // namespace nvgpuctl
