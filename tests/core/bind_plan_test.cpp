// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/bind_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "write /sys/…/driver_override nvgrace_gpu_vfio_pci", without the directory
// that all paths of the GPU have in common.
std::vector<std::string> steps(const Result<BindPlan>& plan) {
  std::vector<std::string> lines;
  for (const auto& step : plan->steps) {
    std::string line;
    switch (step.kind) {
      case StepKind::load_module:
        line = "load";
        break;
      case StepKind::write_attribute:
        line = "write";
        break;
      case StepKind::expect_driver:
        line = "expect";
        break;
      case StepKind::unit:
        line = "systemctl";
        break;
      case StepKind::memory_blocks:
        line = "blocks";
        break;
      case StepKind::expect_released:
        line = "expect-not";
        break;
    }
    std::string_view path = step.path;
    constexpr std::string_view kHome = "/sys/bus/pci/devices/0009:01:00.0/";
    if (path.starts_with(kHome)) {
      path.remove_prefix(kHome.size());
    }
    line += ' ' + std::string(path) + ' ' +
            (step.value == "\n" ? "newline" : step.value);
    lines.push_back(line);
  }
  return lines;
}

Result<BindPlan> bind(const HostSnapshot& host) {
  return plan_bind(host, only_gpu(host));
}
Result<BindPlan> unbind(const HostSnapshot& host) {
  return plan_unbind(only_gpu(host));
}

TEST(BindPlan, TakesAFreeGpuByOverrideAndProbe) {
  const auto plan = bind(gh200_host());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->from, "");
  EXPECT_EQ(plan->to, "nvgrace_gpu_vfio_pci");
  EXPECT_THAT(steps(plan),
              ElementsAre("load  nvgrace_gpu_vfio_pci",
                          "write driver_override nvgrace_gpu_vfio_pci",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect driver nvgrace_gpu_vfio_pci"));
}

TEST(BindPlan, LoadsNoModuleThatIsLoaded) {
  auto host = gh200_host();
  host.modules.loaded = {"nvgrace_gpu_vfio_pci"};
  EXPECT_THAT(steps(bind(host)),
              ElementsAre("write driver_override nvgrace_gpu_vfio_pci",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect driver nvgrace_gpu_vfio_pci"));
}

TEST(BindPlan, SetsTheOverrideBeforeTheHostDriverLetsGo) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvidia";
  host.modules.loaded = {"nvgrace_gpu_vfio_pci"};
  const auto plan = bind(host);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->from, "nvidia");
  EXPECT_THAT(steps(plan),
              ElementsAre("write driver_override nvgrace_gpu_vfio_pci",
                          "write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect driver nvgrace_gpu_vfio_pci"));
  EXPECT_THAT(plan->notes, ElementsAre("stop what uses the GPU on the host "
                                       "first"));
}

TEST(BindPlan, KeepsAnOverrideThatIsRight) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "nvgrace_gpu_vfio_pci";
  host.modules.loaded = {"nvgrace_gpu_vfio_pci"};
  EXPECT_THAT(steps(bind(host)),
              ElementsAre("write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect driver nvgrace_gpu_vfio_pci"));
}

TEST(BindPlan, CuresPlainVfio) {
  auto host = gh200_host();
  host.gpus[0].driver = "vfio-pci";
  host.gpus[0].driver_override = "vfio-pci";
  host.modules.loaded = {"nvgrace_gpu_vfio_pci"};
  EXPECT_THAT(steps(bind(host)),
              ElementsAre("write driver_override nvgrace_gpu_vfio_pci",
                          "write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect driver nvgrace_gpu_vfio_pci"));
}

TEST(BindPlan, HasNothingToDoForABoundGpu) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  const auto plan = bind(host);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->steps, IsEmpty());
  EXPECT_EQ(plan->to, "nvgrace_gpu_vfio_pci");
  EXPECT_THAT(plan->notes,
              ElementsAre("already bound to nvgrace_gpu_vfio_pci"));
}

TEST(BindPlan, TakesTheDriverWhoseAliasMatchesBest) {
  auto host = gh200_host();
  host.modules.vfio_aliases = {
      {"v000010DEd*sv*sd*bc*sc*i*", "site_vfio_pci"},
      {"v000010DEd00002342sv*sd*bc*sc*i*", "better_vfio_pci"},
      {"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  EXPECT_EQ(bind(host)->to, "better_vfio_pci");
}

TEST(BindPlan, IsNeverToPlainVfioPci) {
  auto host = gh200_host();
  host.modules.vfio_aliases = {{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  const auto plan = bind(host);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::not_viable);
}

TEST(BindPlan, IsRefusedWithTheFirstErrorOfABlockedGpu) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  const auto plan = bind(host);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::not_viable);
  EXPECT_EQ(plan.error().subject, "0009:01:00.0");
  EXPECT_EQ(plan.error().problem,
            "NVG-E030 no-iommu-group: the GPU is in no IOMMU group: no "
            "iommu_group link");
}

TEST(BindPlan, NamesWhatElseBlocksTheGpu) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  host.modules.vfio_aliases.clear();
  const auto plan = bind(host);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().problem,
            "NVG-E030 no-iommu-group: the GPU is in no IOMMU group: no "
            "iommu_group link; and NVG-E042 no-variant-driver");
}

TEST(BindPlan, IsRefusedForAGpuOfUnknownModel) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2350;
  const auto plan = bind(host);
  ASSERT_FALSE(plan);
  EXPECT_TRUE(plan.error().problem.starts_with("NVG-E005 unknown-gpu: "));
}

TEST(BindPlan, IsRefusedWhileTheMemoryIsInUse) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvidia";
  host.numa.nodes[1].memory_bytes = kGiB;
  const auto plan = bind(host);
  ASSERT_FALSE(plan);
  EXPECT_TRUE(
      plan.error().problem.starts_with("NVG-E040 nvidia-memory-online: "));
}

TEST(UnbindPlan, ClearsTheOverrideAndLetsTheKernelChoose) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  host.gpus[0].driver_override = "nvgrace_gpu_vfio_pci";
  const auto plan = unbind(host);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->from, "nvgrace_gpu_vfio_pci");
  EXPECT_EQ(plan->to, "");
  EXPECT_THAT(steps(plan),
              ElementsAre("write driver_override newline",
                          "write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect-not driver nvgrace_gpu_vfio_pci"));
}

TEST(UnbindPlan, NeedsNoViableGpu) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  host.gpus[0].iommu_group.reset();
  EXPECT_THAT(steps(unbind(host)),
              ElementsAre("write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect-not driver nvgrace_gpu_vfio_pci"));
}

TEST(UnbindPlan, OnlyClearsTheOverrideOfAFreeGpu) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "nvgrace_gpu_vfio_pci";
  EXPECT_THAT(steps(unbind(host)), ElementsAre("write driver_override "
                                               "newline"));
}

TEST(UnbindPlan, LeavesTheOverrideOfAnotherManagerAlone) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "nvidia";
  const auto free = unbind(host);
  EXPECT_THAT(steps(free), IsEmpty());
  EXPECT_THAT(free->notes,
              ElementsAre("driver_override is left at nvidia, which somebody "
                          "else has set",
                          "not bound to a VFIO driver"));
  host.gpus[0].driver = "nvidia";
  EXPECT_THAT(steps(unbind(host)), IsEmpty());
}

TEST(UnbindPlan, ObeysTheOverrideOfAnotherManager) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  host.gpus[0].driver_override = "nvidia";
  const auto plan = unbind(host);
  EXPECT_THAT(steps(plan),
              ElementsAre("write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect-not driver nvgrace_gpu_vfio_pci"));
  EXPECT_THAT(plan->notes,
              ElementsAre("driver_override is left at nvidia, which somebody "
                          "else has set",
                          "the kernel chooses the driver afterwards"));
}

TEST(UnbindPlan, ClearsAnOverrideToPlainVfio) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "vfio-pci";
  EXPECT_THAT(steps(unbind(host)), ElementsAre("write driver_override "
                                               "newline"));
}

TEST(UnbindPlan, ClearsTheOverrideToAVariantDriverOfAnotherName) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "site_vfio_pci";
  EXPECT_THAT(steps(unbind(host)), IsEmpty());
  host.gpus[0].driver = "site_vfio_pci";
  host.gpus[0].vfio_dev = "vfio0";
  EXPECT_THAT(steps(unbind(host)),
              ElementsAre("write driver_override newline",
                          "write driver/unbind 0009:01:00.0",
                          "write /sys/bus/pci/drivers_probe 0009:01:00.0",
                          "expect-not driver site_vfio_pci"));
}

TEST(UnbindPlan, LeavesAHostDriverAlone) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvidia";
  const auto plan = unbind(host);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->steps, IsEmpty());
  EXPECT_EQ(plan->to, "nvidia");
  EXPECT_THAT(plan->notes, ElementsAre("not bound to a VFIO driver"));
}

}  // namespace
}  // namespace nvgpuctl
