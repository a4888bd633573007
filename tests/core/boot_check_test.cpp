// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/boot_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/redact.hpp"
#include "support/find_check.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kFile =
    "kernel/drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko";

InstalledKernel right_kernel() {
  InstalledKernel kernel;
  kernel.release = "6.17.0";
  kernel.running = true;
  kernel.image = "/boot/vmlinuz-6.17.0";
  kernel.variants = {
      {kFile,
       ModuleInfo{
           "nvgrace_gpu_vfio_pci", "", "6.17.0 SMP mod_unload aarch64", {}},
       ""}};
  kernel.variant_indexed = true;
  kernel.aliases = gh200_host().modules.vfio_aliases;
  kernel.forces_signatures = false;
  kernel.initramfs = InitramfsFacts{"/boot/initrd.img-6.17.0", "", {}, {}};
  return kernel;
}

BootFacts right_host() {
  BootFacts facts;
  facts.kernels = {right_kernel()};
  facts.secure_boot = false;
  facts.lockdown = "none";
  facts.enforces_signatures = false;
  facts.driver_rules = 1;
  facts.kept = {gh200_host().gpus.front().address};
  facts.udev_rule = true;
  facts.enabled_units = {"nvgpuctl-apply.service", "nvgpuctl-recover.service"};
  return facts;
}

std::vector<CheckSection> examine(const BootFacts& facts) {
  return check_boot(facts, assemble(gh200_host()));
}

Check check_of(const InstalledKernel& kernel, std::string_view id) {
  auto facts = right_host();
  facts.kernels = {kernel};
  return check(examine(facts), id);
}

TEST(BootCheck, PassesAHostWithEverythingRight) {
  const auto sections = examine(right_host());
  ASSERT_EQ(sections.size(), 2);
  EXPECT_EQ(sections[0].name, "boot");
  EXPECT_EQ(sections[1].name, "kernel 6.17.0 (running)");
  for (const auto& section : sections) {
    for (const auto& one : section.checks) {
      EXPECT_EQ(one.verdict, Verdict::pass) << one.id << ": " << one.seen;
    }
  }
}

TEST(BootCheck, FailsAKernelWithoutTheDriver) {
  auto kernel = right_kernel();
  kernel.variants.clear();
  kernel.aliases.clear();
  const auto one = check_of(kernel, "boot-variant");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.reason, "NVG-E080");
}

TEST(BootCheck, OnlyDegradesAnOlderKernelAndOneWithoutAnImage) {
  auto kernel = right_kernel();
  kernel.variants.clear();
  kernel.aliases.clear();
  kernel.running = false;
  EXPECT_EQ(check_of(kernel, "boot-variant").verdict, Verdict::fail);
  kernel.older = true;
  EXPECT_EQ(check_of(kernel, "boot-variant").verdict, Verdict::degraded);
  kernel.older = false;
  kernel.image.clear();
  EXPECT_EQ(check_of(kernel, "boot-variant").verdict, Verdict::degraded);
}

TEST(BootCheck, PassesADriverThatIsBuiltIn) {
  auto kernel = right_kernel();
  kernel.variants.clear();
  kernel.variant_built_in = true;
  EXPECT_EQ(check_of(kernel, "boot-variant").seen, "built into the kernel");
  EXPECT_EQ(check_of(kernel, "boot-alias").verdict, Verdict::pass);
}

TEST(BootCheck, FailsADriverThatDoesNotKnowTheGpu) {
  auto kernel = right_kernel();
  kernel.aliases = {{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  const auto one = check_of(kernel, "boot-alias");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.title, "driver for 0009:01:00.0");
  EXPECT_EQ(one.reason, "NVG-E080");
}

TEST(BootCheck, NamesTwoFilesForOneDriver) {
  auto kernel = right_kernel();
  kernel.variants.push_back({"updates/dkms/nvgrace-gpu-vfio-pci.ko", {}, ""});
  const auto one = check_of(kernel, "boot-variant");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.reason, "NVG-W043");
}

TEST(BootCheck, FailsADriverThatModprobeDoesNotKnow) {
  auto kernel = right_kernel();
  kernel.variant_indexed = false;
  const auto one = check_of(kernel, "boot-index");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.reason, "NVG-E086");
}

TEST(BootCheck, FailsADriverOfAnotherKernel) {
  auto kernel = right_kernel();
  kernel.variants[0].info->vermagic = "6.16.0 SMP mod_unload aarch64";
  const auto one = check_of(kernel, "boot-vermagic");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.expected, "6.17.0");
  EXPECT_EQ(one.reason, "NVG-E081");
}

// Linux, kernel/module/version.c: same_magic() leaves the release out there.
TEST(BootCheck, LeavesSymbolVersionsToTheKernel) {
  auto kernel = right_kernel();
  kernel.variants[0].info->vermagic = "6.16.0 SMP mod_unload modversions arm";
  const auto one = check_of(kernel, "boot-vermagic");
  EXPECT_EQ(one.verdict, Verdict::remark);
  EXPECT_THAT(one.seen, HasSubstr("only if its symbols"));
}

TEST(BootCheck, SaysWhyAModuleCouldNotBeRead) {
  auto kernel = right_kernel();
  kernel.variants[0] = {kFile, {}, "not looked into: packed with lz4"};
  EXPECT_EQ(check_of(kernel, "boot-vermagic").verdict, Verdict::skipped);
  EXPECT_EQ(check_of(kernel, "boot-signature").seen,
            "not looked into: packed with lz4");
}

TEST(BootCheck, FailsAnUnsignedDriverWhereSignaturesAreWanted) {
  auto facts = right_host();
  EXPECT_EQ(check(examine(facts), "boot-signature").verdict, Verdict::pass);
  facts.lockdown = "integrity";
  const auto one = check(examine(facts), "boot-signature");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.reason, "NVG-E082");

  auto kernel = right_kernel();
  kernel.forces_signatures = true;
  EXPECT_EQ(check_of(kernel, "boot-signature").verdict, Verdict::fail);
}

TEST(BootCheck, DoesNotGuessWhetherSignaturesAreWanted) {
  auto kernel = right_kernel();
  kernel.forces_signatures.reset();
  EXPECT_EQ(check_of(kernel, "boot-signature").verdict, Verdict::skipped);
}

TEST(BootCheck, DoesNotGuessWhetherAKeyIsTrusted) {
  auto facts = right_host();
  facts.lockdown = "integrity";
  facts.kernels[0].variants[0].info->signature =
      ModuleSignature{"PKCS#7", "DKMS", "5C:A1"};
  const auto one = check(examine(facts), "boot-signature");
  EXPECT_EQ(one.verdict, Verdict::remark);
  EXPECT_EQ(one.seen,
            "by \"DKMS\", key 5C:A1; whether the kernel trusts it is not known "
            "before it is loaded");
}

TEST(BootCheck, LooksForTheNameOfAKeyWhereTheKernelShowsKeys) {
  auto facts = right_host();
  facts.lockdown = "integrity";
  facts.kernels[0].variants[0].info->signature =
      ModuleSignature{"PKCS#7", "DKMS", "5C:A1"};
  facts.key_names = {"DKMSX: 01", "DKMS: 5ca1ab1e"};
  EXPECT_THAT(check(examine(facts), "boot-signature").seen,
              HasSubstr("the running kernel has a key of that name"));
  facts.key_names.pop_back();
  const auto unknown = check(examine(facts), "boot-signature");
  EXPECT_EQ(unknown.verdict, Verdict::remark);
  EXPECT_THAT(unknown.seen, HasSubstr("shows no key of that name"));
}

TEST(BootCheck, KnowsAKeyByTheAliasThatAReportGivesTheHost) {
  auto facts = right_host();
  facts.lockdown = "integrity";
  facts.kernels[0].variants[0].info->signature =
      ModuleSignature{"PKCS#7", "gh1 Secure Boot key", "5C:A1"};
  facts.key_names = {std::string(kHostAlias) + " Secure Boot key: 5ca1ab1e"};
  // The name of a live host is its own.
  EXPECT_THAT(check(examine(facts), "boot-signature").seen,
              HasSubstr("shows no key of that name"));
  facts.recorded = true;
  EXPECT_THAT(check(examine(facts), "boot-signature").seen,
              HasSubstr("the running kernel has a key of that name"));
  facts.key_names = {"host-1 other key: 5ca1ab1e"};
  EXPECT_THAT(check(examine(facts), "boot-signature").seen,
              HasSubstr("shows no key of that name"));
}

TEST(KeyNames, AreThoseOfCertificates) {
  EXPECT_THAT(
      key_names(
          "009a2028 I--Q---   1 perm 3f010000  1000  1000 user      a: X509.b\n"
          "1f3c0a1b I------   1 perm 1f030000     0     0 asymmetri DKMS "
          "module "
          "signing key: 5ca1ab1e: X509.rsa 5ca1ab1e []\n"
          "2a I------ 1 perm 1f030000 0 0 asymmetri\n"
          "3b I------ 1 perm 1f030000 0 0 asymmetri : X509.rsa\n"),
      ElementsAre("DKMS module signing key: 5ca1ab1e"));
}

TEST(BootCheck, NamesDriversThatUdevLoads) {
  auto facts = right_host();
  facts.kept = {};
  facts.kernels[0].host_drivers = {"nouveau", "nvidia"};
  facts.rules.kept_off = {{"nouveau", "/etc/modprobe.d/a.conf:1"}};
  facts.rules.softdeps = {{"nvidia", {"vfio_pci"}, "/etc/modprobe.d/a.conf:2"}};
  const auto one = check(examine(facts), "boot-host-driver");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.reason, "NVG-W083");
  EXPECT_EQ(one.seen,
            "loaded by udev: nvidia after vfio_pci (/etc/modprobe.d/a.conf:2); "
            "not kept from it: 0009:01:00.0");
}

TEST(BootCheck, LeavesDriversToTheRuleOfThePolicy) {
  auto facts = right_host();
  facts.kernels[0].host_drivers = {"nvidia"};
  EXPECT_EQ(check(examine(facts), "boot-host-driver").verdict, Verdict::pass);
  facts.udev_rule = false;
  EXPECT_EQ(check(examine(facts), "boot-host-driver").verdict,
            Verdict::degraded);
}

TEST(BootCheck, NamesDriversInTheInitramfs) {
  auto kernel = right_kernel();
  kernel.initramfs->modules = {"nouveau", "nvidia", "vfio_pci"};
  kernel.initramfs->rules.kept_off = {{"nouveau", "etc/modprobe.d/a.conf:1"}};
  const auto one = check_of(kernel, "boot-initramfs");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.reason, "NVG-W084");
  EXPECT_EQ(one.seen, "/boot/initrd.img-6.17.0 has nvidia");
}

// modprobe.d of the host is not in it; the command line holds there, too.
TEST(BootCheck, GoesByTheRulesWithinTheInitramfs) {
  auto facts = right_host();
  facts.kernels[0].initramfs->modules = {"nouveau"};
  facts.rules.kept_off = {{"nouveau", "/etc/modprobe.d/a.conf:1"}};
  EXPECT_EQ(check(examine(facts), "boot-initramfs").verdict, Verdict::degraded);
  facts.rules.kept_off = {{"nouveau", "/proc/cmdline"}};
  EXPECT_EQ(check(examine(facts), "boot-initramfs").verdict, Verdict::pass);
}

TEST(BootCheck, NamesUnitsAndRuleThatThePolicyNeeds) {
  auto facts = right_host();
  facts.enabled_units = {"nvgpuctl-recover.service"};
  facts.udev_rule = false;
  std::vector<std::string> missed;
  const auto sections = examine(facts);
  for (const auto& one : sections[0].checks) {
    if (one.reason == "NVG-W085") {
      missed.push_back(one.title);
    }
  }
  EXPECT_THAT(missed,
              ElementsAre("nvgpuctl-apply.service", "70-nvgpuctl.rules"));
  facts.driver_rules = 0;
  EXPECT_EQ(check(examine(facts), "boot-rule").verdict, Verdict::skipped);
}

TEST(BootCheck, RemarksAPolicyThatKeepsNoGpu) {
  auto facts = right_host();
  EXPECT_EQ(check(examine(facts), "boot-policy").seen,
            "1 rule with a driver; kept for one when it comes: 0009:01:00.0");
  facts.kept = {};
  EXPECT_EQ(check(examine(facts), "boot-policy").verdict, Verdict::remark);
}

TEST(BootCheck, RemarksAGpuThatTheRuleLeavesToOthers) {
  auto facts = right_host();
  facts.kept = {};
  facts.left = {{9, 1, 0, 0}};
  const auto one = check(examine(facts), "boot-policy");
  EXPECT_EQ(one.verdict, Verdict::remark);
  EXPECT_EQ(one.seen,
            "1 rule with a driver; kept for one when it comes: no GPU; not "
            "kept, for they cannot be bound or another manager has them "
            "(nvgpuctl explain): 0009:01:00.0");
}

TEST(BootCheck, FailsAPolicyThatCannotBeRead) {
  auto facts = right_host();
  facts.policy_problem = "policy.yaml:1:1: is no map";
  EXPECT_EQ(check(examine(facts), "boot-policy").reason, "NVG-E077");
}

TEST(BootCheck, CallsNothingAFailureWithoutAGpu) {
  BootFacts facts;
  facts.kernels.emplace_back().release = "6.1";
  facts.policy_problem = "broken";
  for (const auto& section : check_boot(facts, {})) {
    for (const auto& one : section.checks) {
      EXPECT_EQ(one.reason, "") << one.id;
    }
  }
}

TEST(NewerRelease, ComparesNumbersByValue) {
  EXPECT_TRUE(newer_release("6.12.107", "6.12.20"));
  EXPECT_FALSE(newer_release("6.12.20", "6.12.107"));
  EXPECT_TRUE(newer_release("6.1.0-54-arm64", "6.1.0-9-arm64"));
  EXPECT_TRUE(newer_release("6.10", "6.9.99"));
  EXPECT_FALSE(newer_release("6.1", "6.1"));
}

TEST(NewerRelease, PutsCandidatesBeforeTheirRelease) {
  EXPECT_TRUE(newer_release("6.1", "6.1-rc3"));
  EXPECT_TRUE(newer_release("6.1-4", "6.1-rc3"));
  EXPECT_TRUE(newer_release("6.1.1", "6.1"));
  EXPECT_FALSE(newer_release("6.1-rc3", "6.1"));
}

}  // namespace
}  // namespace nvgpuctl
