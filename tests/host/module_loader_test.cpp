// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/module_loader.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

TEST(Modprobe, SaysThatAModuleCannotBeLoaded) {
  const auto loaded = Modprobe().load("nvgpuctl_no_such_module");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::io);
  EXPECT_EQ(loaded.error().subject, "module nvgpuctl_no_such_module");
}

// Were it taken for an option, modprobe would print its version and succeed.
TEST(Modprobe, TakesNoModuleForAnOption) {
  EXPECT_FALSE(Modprobe().load("--version"));
}

}  // namespace
}  // namespace nvgpuctl
