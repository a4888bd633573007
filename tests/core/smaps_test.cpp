// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/smaps.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

constexpr std::string_view kSmaps =
    "aaaad4a70000-aaaad4a80000 r-xp 00000000 fe:00 131 /usr/bin/nvgpuctl\n"
    "Size:                 64 kB\n"
    "VmFlags: rd ex mr mw me\n"
    "ffff8e200000-ffff8e210000 r--s 40000000000 00:0d 1060 "
    "anon_inode:[vfio-device]\n"
    "Size:                 64 kB\n"
    "THPeligible:           0\n"
    "VmFlags: rd sh mr mw me ms pf io de dd \n";

TEST(VmFlags, AreThoseOfTheMappingAtTheAddress) {
  EXPECT_EQ(vm_flags(kSmaps, 0xffff8e200000), "rd sh mr mw me ms pf io de dd");
  EXPECT_EQ(vm_flags(kSmaps, 0xaaaad4a70000), "rd ex mr mw me");
}

TEST(VmFlags, AreNothingForAnAddressWhereNoMappingBegins) {
  EXPECT_EQ(vm_flags(kSmaps, 0xffff8e201000), std::nullopt);
  EXPECT_EQ(vm_flags("", 0), std::nullopt);
}

TEST(VmFlags, AreNothingOnKernelsThatDoNotPrintThem) {
  EXPECT_EQ(vm_flags("1000-2000 r--s 0 00:0d 1060\nSize: 4 kB\n", 0x1000),
            std::nullopt);
}

}  // namespace
}  // namespace nvgpuctl
