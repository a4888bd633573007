// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/module_info.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/module_file.hpp"

namespace nvgpuctl {
namespace {

using namespace std::string_literals;

Result<ModuleInfo> parse(const std::string& module) {
  return parse_module_info("x.ko", bytes_of(module));
}

std::string problem_of(const std::string& module) {
  const auto info = parse(module);
  if (info) {
    return "";
  }
  EXPECT_EQ(info.error().code, Errc::malformed);
  EXPECT_EQ(info.error().subject, "x.ko");
  return info.error().problem;
}

TEST(ModuleInfo, IsReadFromItsSection) {
  const auto info = parse(
      module_file("license=GPL\0version=1.0\0name=nvgrace_gpu_vfio_pci\0\0"
                  "vermagic=7.3.4-64k SMP mod_unload aarch64\0"s));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(info->version, "1.0");
  EXPECT_EQ(info->vermagic, "7.3.4-64k SMP mod_unload aarch64");
  EXPECT_EQ(info->release(), "7.3.4-64k");
  EXPECT_FALSE(info->signature);
}

TEST(ModuleInfo, NeedsAnElfFileOf64Bits) {
  EXPECT_EQ(problem_of(""), "no module: does not begin as ELF of 64 bits");
  auto module = variant_module("7");
  module[4] = 1;  // ELFCLASS32
  EXPECT_EQ(problem_of(module), "no module: does not begin as ELF of 64 bits");
}

TEST(ModuleInfo, NeedsSectionsWithinTheFile) {
  const auto module = variant_module("7");
  EXPECT_EQ(problem_of(module.substr(0, module.size() - 1)),
            "no module: its section headers, named at byte 0x28, are not "
            "within it");
}

TEST(ModuleInfo, NeedsTheSection) {
  auto module = variant_module("7");
  module[module.find(".modinfo")] = '-';
  EXPECT_EQ(problem_of(module), "no module: has no .modinfo");
}

TEST(ModuleSignature, NamesSignerAndKey) {
  const auto info =
      parse(with_signature(variant_module("7"), pkcs7_of_a_test()));
  ASSERT_TRUE(info);
  ASSERT_TRUE(info->signature);
  EXPECT_EQ(info->signature->kind, "PKCS#7");
  EXPECT_EQ(info->signature->signer, "Module key of a test");
  EXPECT_EQ(info->signature->key, "7A:C3");
}

// openssl's -keyid, the kernel's sign-file -k.
TEST(ModuleSignature, MayNameTheKeyByItsIdAlone) {
  const auto signature = module_signature(bytes_of(with_signature(
      "",
      from_hex(
          "3081ae06092a864886f70d010702a081a030819d020103310d300b06096086480165"
          "03040201300b06092a864886f70d010701317c307a02010380143b90070217a5d952"
          "333b39f6b4ffe1d8d03a79f1300b0609608648016503040201300a06082a8648ce3d"
          "04030204463044022070948d628d73754caff505f07a509b88f09c4dbc5b05a26fb6"
          "47f5fe5c404eaa02207ca9a4a4378b1a31ec035893dfee9f1cbad9d720487bfb0032"
          "a14a43a635b933"))));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->signer, "");
  EXPECT_EQ(signature->key,
            "3B:90:07:02:17:A5:D9:52:33:3B:39:F6:B4:FF:E1:D8:D0:3A:79:F1");
}

TEST(ModuleSignature, IsNotThereWithoutItsText) {
  EXPECT_FALSE(module_signature(bytes_of("~Module signature appended~")));
}

TEST(ModuleSignature, SaysNothingWhenItIsNotWithinTheFile) {
  const auto cut = with_signature("", pkcs7_of_a_test()).substr(1);
  const auto signature = module_signature(bytes_of(cut));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->kind, "");
  EXPECT_EQ(signature->signer, "");
}

}  // namespace
}  // namespace nvgpuctl
