// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/module_name.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(ModuleOfFile, HasNoFolderAndNoDashes) {
  EXPECT_EQ(module_of_file("a/b.ko/nvgrace-gpu-vfio-pci.ko.xz"),
            "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(module_of_file("nvidia.ko"), "nvidia");
}

TEST(SameModule, TakesDashesForUnderscores) {
  EXPECT_TRUE(same_module("vfio-pci", "vfio_pci"));
  EXPECT_FALSE(same_module("vfio-pci", "vfio_pci_core"));
  EXPECT_FALSE(same_module("vfio-pci", "vfio"));
}

}  // namespace
}  // namespace nvgpuctl
