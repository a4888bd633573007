// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/find_check.hpp"
#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<CheckSection> examine(const HostSnapshot& host) {
  return check_host(host, assemble(host));
}

std::vector<std::string> names(const std::vector<CheckSection>& sections) {
  std::vector<std::string> all;
  for (const auto& section : sections) {
    all.push_back(section.name);
  }
  return all;
}

std::vector<Verdict> verdicts(const std::vector<CheckSection>& sections) {
  std::vector<Verdict> all;
  for (const auto& section : sections) {
    for (const auto& one : section.checks) {
      all.push_back(one.verdict);
    }
  }
  return all;
}

TEST(Doctor, PassesAHostWithEverythingRight) {
  auto host = gh200_host();
  host.managers.emplace();
  const auto sections = examine(host);
  EXPECT_THAT(names(sections), ElementsAre("kernel", "iommu", "kvm", "modules",
                                           "libvirt", "managers", "gpus"));
  EXPECT_THAT(verdicts(sections), Each(Verdict::pass));
}

TEST(Doctor, NamesOtherManagers) {
  auto host = gh200_host();
  host.managers.emplace().driverctl[kGh200Address] = "nvidia";
  const auto one = check(examine(host), "other-manager");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.reason, "NVG-W090");
  EXPECT_EQ(one.seen, "driverctl sets it to nvidia at each boot");
}

TEST(Doctor, NamesWhatItSaw) {
  const auto sections = examine(gh200_host());
  EXPECT_EQ(check(sections, "kernel-nodes").expected, "at least 9 nodes");
  EXPECT_EQ(check(sections, "kernel-nodes").seen, "64 (CONFIG_NODES_SHIFT=6)");
  EXPECT_EQ(check(sections, "iommu-group").seen, "group 19");
  EXPECT_EQ(check(sections, "module-alias").seen, "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(check(sections, "libvirt-version").seen, "12.8.0 (capture)");
  EXPECT_EQ(check(sections, "gpu-state").seen, "ready");
}

TEST(Doctor, FailsWhatAnErrorStandsFor) {
  auto host = gh200_host();
  host.kernel.config["CONFIG_NODES_SHIFT"] = "3";
  const auto one = check(examine(host), "kernel-nodes");
  EXPECT_EQ(one.verdict, Verdict::fail);
  EXPECT_EQ(one.seen, "8 (CONFIG_NODES_SHIFT=3)");
  EXPECT_EQ(one.reason, "NVG-E051");
  EXPECT_EQ(one.remedy, "boot a kernel with a larger CONFIG_NODES_SHIFT");
}

TEST(Doctor, DegradesWhatAWarningStandsFor) {
  auto host = gh200_host();
  host.virtualization.kvm_cacheable_pfnmap->value = false;
  const auto one = check(examine(host), "kvm-cacheable");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.reason, "NVG-W052");
}

TEST(Doctor, SaysWhyTheVersionOfLibvirtIsUnknown) {
  auto host = gh200_host();
  host.virtualization.libvirt.reset();
  host.virtualization.libvirt_problem = "libvirt is not installed";
  const auto one = check(examine(host), "libvirt-version");
  EXPECT_EQ(one.verdict, Verdict::degraded);
  EXPECT_EQ(one.seen, "libvirt is not installed");
  EXPECT_EQ(one.reason, "NVG-W060");
}

TEST(Doctor, KnowsTheOldestVersionsThatWork) {
  auto host = gh200_host();
  host.virtualization.libvirt->value = {9, 7, 0};
  host.virtualization.qemu->value = {10, 0, 0};
  EXPECT_EQ(check(examine(host), "libvirt-version").verdict, Verdict::pass);
  EXPECT_EQ(check(examine(host), "qemu-version").verdict, Verdict::pass);
  host.virtualization.libvirt->value = {9, 6, 9};
  host.virtualization.qemu->value = {9, 2, 0};
  for (const auto* id : {"libvirt-version", "qemu-version"}) {
    EXPECT_EQ(check(examine(host), id).reason, "NVG-W061");
    EXPECT_EQ(check(examine(host), id).verdict, Verdict::fail)
        << "no guest gets a GPU with it";
  }
}

TEST(Doctor, MissesWhatIsAbsent) {
  auto host = gh200_host();
  host.virtualization.dev_kvm = false;
  host.virtualization.dev_iommu = false;
  host.virtualization.kvm_cacheable_pfnmap.reset();
  host.modules.variant_files.clear();
  const auto sections = examine(host);
  EXPECT_EQ(check(sections, "kvm-device").reason, "NVG-W054");
  EXPECT_EQ(check(sections, "kvm-device").verdict, Verdict::fail);
  EXPECT_EQ(check(sections, "iommufd").reason, "NVG-W055");
  EXPECT_EQ(check(sections, "kvm-cacheable").reason, "NVG-W053");
  EXPECT_EQ(check(sections, "module-variant").reason, "NVG-E042");
  EXPECT_EQ(check(sections, "module-variant").seen, "none for kernel 6.17.0");
}

TEST(Doctor, SkipsWhatItCannotKnow) {
  auto host = gh200_host();
  host.kernel.config.clear();
  host.kernel.config_file.clear();
  host.kernel.machine.value.clear();
  const auto sections = examine(host);
  EXPECT_EQ(check(sections, "kernel-vfio").verdict, Verdict::skipped);
  EXPECT_EQ(check(sections, "kernel-nodes").seen,
            "no kernel configuration found for 6.17.0");
  EXPECT_EQ(check(sections, "kernel-machine").verdict, Verdict::skipped);
}

TEST(Doctor, PutsEachGpusWorstInALine) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  const auto sections = examine(host);
  EXPECT_EQ(check(sections, "gpu-state").verdict, Verdict::fail);
  EXPECT_EQ(check(sections, "gpu-state").title, "0009:01:00.0 GH200 120GB");
  EXPECT_EQ(check(sections, "gpu-state").seen,
            "blocked: NVG-E030 no-iommu-group");
  EXPECT_EQ(check(sections, "iommu-group").seen, "no iommu_group link");
}

TEST(Doctor, LeavesAnIommuGroupOpenThatComesWithTheFirstDriver) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  host.gpus[0].driver.reset();
  host.has_iommu = true;
  const auto sections = examine(host);
  EXPECT_EQ(check(sections, "iommu-group").verdict, Verdict::skipped);
  EXPECT_EQ(check(sections, "iommu-group").seen,
            "this kernel gives it one when a driver is bound");
}

TEST(Doctor, CallsNothingAFailureOnAHostWithoutAGraceGpu) {
  HostSnapshot host;
  host.kernel.machine = {"x86_64", Source::procfs};
  const auto sections = examine(host);
  for (const auto verdict : verdicts(sections)) {
    EXPECT_EQ(verdict, Verdict::skipped);
  }
  const auto one = check(sections, "kernel-machine");
  EXPECT_EQ(one.seen, "x86_64 (not needed: no Grace GPU)");
  EXPECT_EQ(one.reason, "");
  EXPECT_EQ(one.remedy, "");
}

}  // namespace
}  // namespace nvgpuctl
