// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

HostSnapshot host_with_driver(const char* driver) {
  auto host = gh200_host();
  host.gpus[0].driver = driver;
  return host;
}

TEST(GpuHost, SaysNothingOfAGpuWithEverythingRight) {
  const auto gpu = only_gpu(gh200_host());
  EXPECT_THAT(said(gpu), IsEmpty());
  EXPECT_EQ(gpu.driver_role, DriverRole::none);
  EXPECT_EQ(gpu.cpu_node, 0U);
}

TEST(GpuHost, NoticesAGpuThatHasFallenOffTheBus) {
  auto host = gh200_host();
  host.gpus[0].config = PciConfig{};
  host.gpus[0].config->present = false;
  EXPECT_THAT(said(only_gpu(host)), ElementsAre("NVG-E006: every byte is "
                                                "0xff"));
}

TEST(GpuHost, RefusesAGpuWithABarThatHasNoAddress) {
  auto host = gh200_host();
  host.gpus[0].bars[1] = {2, 0, 128 * kGiB, 0x2014220C};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-E009: BAR 2, 128 GiB, flags 0x2014220c"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/bus/pci/devices/0009:01:00.0/resource");
  EXPECT_EQ(gpu.state, GpuState::blocked);
}

TEST(GpuHost, PassesOnWhichAttributesWereUnusable) {
  auto host = gh200_host();
  host.gpus[0].problems = {"…/numa_node: not a number: 'x'"};
  host.gpus[0].config->warnings = {"capability list loops at 0x40"};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W008: …/numa_node: not a number: 'x'",
                          "NVG-W008: capability list loops at 0x40"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuHost, WantsAnIommuGroup) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E030: no iommu_group link"));
  EXPECT_EQ(gpu.state, GpuState::blocked);
}

TEST(GpuHost, WantsNoIommuGroupBeforeADriverWasBoundWhereOthersHaveOne) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  host.gpus[0].driver.reset();
  host.has_iommu = true;
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
  host.gpus[0].driver = "nouveau";
  EXPECT_THAT(said(only_gpu(host)),
              ::testing::Contains("NVG-E030: no iommu_group link"));
}

TEST(GpuHost, WantsAnIommuGroupForTheGpuAlone) {
  auto host = gh200_host();
  PciFunction nvme;
  nvme.address = {9, 2, 0, 0};
  nvme.vendor = 0x144D;
  nvme.device = 0xA80A;
  nvme.class_code = 0x010802;
  nvme.driver = "nvme";
  host.iommu_groups[19].members.push_back(nvme);
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E031: 0009:02:00.0 [144d:a80a], "
                                     "driver nvme"));
  EXPECT_EQ(gpu.findings[0].evidence, "/sys/kernel/iommu_groups/19/devices");
}

TEST(GpuHost, SharesItsGroupWithADeviceThatIsNoPciFunction) {
  auto host = gh200_host();
  host.iommu_groups[19].other_members = {"arm-accel.0"};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E031: arm-accel.0, which is no PCI function"));
}

TEST(GpuHost, AcceptsABridgeInTheGroup) {
  auto host = gh200_host();
  PciFunction port;
  port.address = {9, 0, 0, 0};
  port.class_code = 0x060400;
  port.driver = "pcieport";
  host.iommu_groups[19].members.push_back(port);
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuHost, RefusesDirectMappings) {
  auto host = gh200_host();
  host.iommu_groups[19].direct_regions = {
      "0x0000000080000000 0x000000008fffffff direct"};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E032: 0x0000000080000000 0x000000008fffffff "
                          "direct"));
}

TEST(GpuDriver, IsAVariantWhenItsAliasSaysSo) {
  const auto gpu = only_gpu(host_with_driver("nvgrace_gpu_vfio_pci"));
  EXPECT_EQ(gpu.driver_role, DriverRole::variant);
  EXPECT_EQ(gpu.state, GpuState::bound);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-I046: nvgrace_gpu_vfio_pci"));
}

TEST(GpuDriver, IsAVariantWhenThereIsAVfioDeviceBelowTheGpu) {
  auto host = host_with_driver("site_gpu_vfio_pci");
  host.gpus[0].vfio_dev = "vfio0";
  EXPECT_EQ(only_gpu(host).driver_role, DriverRole::variant);
}

TEST(GpuDriver, DegradesABoundGpuThatHasErrors) {
  auto host = host_with_driver("nvgrace_gpu_vfio_pci");
  host.acpi.dsds.clear();
  EXPECT_EQ(only_gpu(host).state, GpuState::degraded);
}

// Its memory is there, and nobody must have it.
TEST(GpuDriver, DoesNotMakeAGpuUsableWhoseMemoryIsRam) {
  auto host = host_with_driver("nvgrace_gpu_vfio_pci");
  host.system_ram = {{0x4200'0000'0000, 0x42FF'FFFF'FFFF, "System RAM"}};
  EXPECT_EQ(only_gpu(host).state, GpuState::blocked);
}

TEST(GpuDriver, ShowsNoCoherentMemoryWhenItIsPlainVfio) {
  auto host = host_with_driver("vfio-pci");
  host.gpus[0].vfio_dev = "vfio0";
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.driver_role, DriverRole::vfio_pci);
  EXPECT_EQ(gpu.state, GpuState::degraded);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E045: vfio-pci"));
}

TEST(GpuDriver, OfTheHostIsOnlyAWarning) {
  const auto gpu = only_gpu(host_with_driver("nvidia"));
  EXPECT_EQ(gpu.driver_role, DriverRole::host);
  EXPECT_EQ(gpu.state, GpuState::ready);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W041: nvidia"));
}

TEST(GpuDriver, KeepsAGpuWhoseMemoryIsOnline) {
  auto host = host_with_driver("nvidia");
  host.system_ram.push_back(
      {0x4200'0000'0000, 0x4200'3FFF'FFFF, "System RAM (NVIDIA)"});
  host.system_ram.push_back(
      {0x4200'4000'0000, 0x4200'7FFF'FFFF, "System RAM (NVIDIA)"});
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.state, GpuState::blocked);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E040: 2 GiB of System RAM (NVIDIA) "
                                     "in 2 ranges"));
  EXPECT_EQ(gpu.findings[0].evidence, "/proc/iomem");
}

TEST(GpuDriver, LeavesTheMemoryOfOtherGpusAlone) {
  auto host = host_with_driver("nvidia");
  host.system_ram.push_back(
      {0x5200'0000'0000, 0x5200'3FFF'FFFF, "System RAM (NVIDIA)"});
  host.system_ram.push_back(
      {0x4100'0000'0000, 0x41FF'FFFF'FFFF, "System RAM (NVIDIA)"});
  EXPECT_THAT(said(only_gpu(host)), ElementsAre("NVG-W041: nvidia"));
}

// Two GPUs; of the second firmware gives neither base nor size.
HostSnapshot host_with_a_dead_link() {
  auto host = gh200_host();
  auto second = gh200_function();
  second.address = {0x19, 1, 0, 0};
  second.iommu_group = 20;
  second.acpi_path = "\\_SB_.PC19.RP00.GPU0";
  second.driver = "nvgrace_gpu_vfio_pci";
  host.gpus.push_back(second);
  host.system_ram.push_back(
      {0x4200'0000'0000, 0x4200'3FFF'FFFF, "System RAM (NVIDIA)"});
  return host;
}

TEST(GpuDriver, DoesNotTakeAnotherGpusMemoryForThatOfAGpuWithoutARange) {
  const auto gpus = assemble(host_with_a_dead_link());
  EXPECT_EQ(gpus[0].state, GpuState::blocked);
  EXPECT_EQ(gpus[1].state, GpuState::degraded);
}

TEST(GpuDriver, GivesMemoryOfNobodyToAGpuWithoutARangeAndNodes) {
  auto host = host_with_a_dead_link();
  host.system_ram.push_back(
      {0x5200'0000'0000, 0x5200'1FFF'FFFF, "System RAM (NVIDIA)"});
  EXPECT_THAT(said(assemble(host)[1]),
              Contains("NVG-E040: 512 MiB of System RAM (NVIDIA) in 1 "
                       "ranges"));
}

TEST(GpuDriver, GoesByTheNodesOfAGpuWithoutARange) {
  auto host = host_with_driver("nvgrace_gpu_vfio_pci");
  host.acpi.dsds.clear();
  host.system_ram.push_back(
      {0x5200'0000'0000, 0x5200'1FFF'FFFF, "System RAM (NVIDIA)"});
  EXPECT_EQ(only_gpu(host).state, GpuState::degraded);
  host.numa.nodes[1].memory_bytes = 512 * kMiB;
  EXPECT_THAT(said(only_gpu(host)), Contains("NVG-E040: 512 MiB in node 1"));
}

TEST(GpuDriver, KeepsAGpuOfWhoseMemoryAPartIsOnline) {
  auto host = host_with_driver("nvidia");
  host.system_ram.push_back(
      {0x41FF'C000'0000, 0x4200'3FFF'FFFF, "System RAM (NVIDIA)"});
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E040: 2 GiB of System RAM (NVIDIA) in 1 "
                          "ranges"));
}

TEST(GpuDriver, KeepsAGpuWhoseNodeHasMemory) {
  auto host = host_with_driver("nvidia");
  host.system_ram.clear();
  host.numa.nodes[1].memory_bytes = 97280 * kMiB;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E040: 95 GiB in node 1"));
  EXPECT_EQ(gpu.findings[0].evidence, "/sys/devices/system/node/node1/meminfo");
}

// nvidia can have been unbound from the GPU while its memory stayed online.
TEST(GpuWithoutDriver, IsBlockedWhileItsMemoryIsOnline) {
  auto host = gh200_host();
  host.system_ram.push_back(
      {0x4200'0000'0000, 0x4200'3FFF'FFFF, "System RAM (NVIDIA)"});
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.state, GpuState::blocked);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E040: 1 GiB of System RAM (NVIDIA) "
                                     "in 1 ranges"));
}

TEST(GpuModules, MustHaveAVariantDriver) {
  auto host = gh200_host();
  host.modules.vfio_aliases.clear();
  host.modules.variant_files.clear();
  EXPECT_THAT(
      said(only_gpu(host)),
      ElementsAre("NVG-E042: no vfio_pci: alias but plain vfio-pci's matches "
                  "pci:v000010DEd00002342sv000010DEsd000016EBbc03sc02"
                  "i00"));
}

TEST(GpuModules, DoNotHaveOneInPlainVfioPci) {
  auto host = gh200_host();
  host.modules.vfio_aliases = {{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.state, GpuState::blocked);
  ASSERT_THAT(said(gpu), testing::SizeIs(1));
  EXPECT_EQ(gpu.findings[0].reason->id, "NVG-E042");
}

TEST(GpuModules, DoNotHaveOneForANewerGpu) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2348;
  host.gpus[0].modalias =
      "pci:v000010DEd00002348sv000010DEsd000018D2bc03sc02i00";
  EXPECT_THAT(
      said(only_gpu(host)),
      ElementsAre("NVG-E042: no vfio_pci: alias but plain vfio-pci's matches "
                  "pci:v000010DEd00002348sv000010DEsd000018D2bc03sc02"
                  "i00"));
}

TEST(GpuModules, CannotBeJudgedWithoutTheirIndex) {
  auto host = gh200_host();
  host.modules = {};
  EXPECT_THAT(said(only_gpu(host)), ElementsAre("NVG-E042: there is no "
                                                "modules.alias for kernel "
                                                "6.17.0"));
}

TEST(GpuModules, MayBeBuiltIn) {
  auto host = gh200_host();
  host.modules.vfio_aliases.clear();
  host.modules.variant_files.clear();
  host.modules.loaded = {"nvgrace_gpu_vfio_pci"};
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuModules, MustNotBeThereTwice) {
  auto host = gh200_host();
  host.modules.variant_files = {"updates/dkms/nvgrace-gpu-vfio-pci.ko.xz",
                                "kernel/nvgrace-gpu-vfio-pci.ko"};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W043: updates/dkms/nvgrace-gpu-vfio-pci.ko.xz, "
                          "then kernel/nvgrace-gpu-vfio-pci.ko"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuOverride, OfSomebodyElseIsPointedOut) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "vfio-pci";
  EXPECT_THAT(said(only_gpu(host)), ElementsAre("NVG-W044: vfio-pci"));
}

TEST(GpuOverride, ForTheVariantDriverIsOurs) {
  auto host = gh200_host();
  host.gpus[0].driver_override = "nvgrace_gpu_vfio_pci";
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuKernel, MustBeOfArm64) {
  auto host = gh200_host();
  host.kernel.machine.value = "x86_64";
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E056: this kernel runs on x86_64"));
}

TEST(GpuKernel, MustHaveVfio) {
  auto host = gh200_host();
  host.kernel.config.erase("CONFIG_VFIO_PCI_CORE");
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E050: CONFIG_VFIO_PCI_CORE is not set"));
}

TEST(GpuKernel, IsNotJudgedWithoutItsConfiguration) {
  auto host = gh200_host();
  host.kernel.config.clear();
  host.kernel.config_file.clear();
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuKernel, ShouldMapGpuMemoryCacheable) {
  auto host = gh200_host();
  host.virtualization.kvm_cacheable_pfnmap->value = false;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W052: KVM_CAP_ARM_CACHEABLE_PFNMAP_"
                                     "SUPPORTED is 0 in kernel 6.17.0"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuTables, PassOnWhereAmlCouldNotBeFollowed) {
  auto host = gh200_host();
  host.acpi.notes = {{"SSDT7", 0x44, "unknown opcode 0x5b 0xff"}};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W003: unknown opcode 0x5b 0xff"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/firmware/acpi/tables/SSDT7 offset 0x44");
}

TEST(GpuTables, PassOnWhichAreDamaged) {
  auto host = gh200_host();
  host.acpi.problems = {"SSDT9: 3 bytes are too short"};
  host.acpi.tables[1].checksum_ok = false;
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-W004: SSDT9: 3 bytes are too short",
                          "NVG-W002: NUMA nodes and distances come from this "
                          "table"));
}

}  // namespace
}  // namespace nvgpuctl
