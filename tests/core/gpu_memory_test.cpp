// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr PciAddress kSecondAddress{0x19, 1, 0, 0};

// Sets one property of the GPU's _DSD.
void set_property(HostSnapshot& host, std::string_view name,
                  std::uint64_t value) {
  for (auto& property : host.acpi.dsds[0].properties) {
    if (property.name == name) {
      property.value = value;
    }
  }
}

TEST(GpuMemory, IsWhatFirmwareSays) {
  const auto gpu = only_gpu(gh200_host());
  EXPECT_EQ(gpu.memory_base,
            (Fact<std::uint64_t>{0x4200'0000'0000, Source::dsd}));
  EXPECT_EQ(gpu.memory_size,
            (Fact<std::uint64_t>{0x17'E4F0'0000, Source::dsd}));
  EXPECT_EQ(gpu.erratum, (Fact{MigErratum::present, Source::pci_config}));
  ASSERT_TRUE(gpu.plan);
  EXPECT_EQ(gpu.plan->usable,
            (MemoryRegion{4, 0x4200'0000'0000, 0x17'A000'0000, 128 * kGiB}));
  EXPECT_EQ(gpu.plan->reserved,
            (MemoryRegion{2, 0x4217'A000'0000, 0x44F0'0000, 2 * kGiB}));
  EXPECT_THAT(said(gpu), IsEmpty());
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuMemory, IsOnePartOnBlackwell) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2941;
  host.gpus[0].config->mig_erratum_fixed = true;
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.erratum, (Fact{MigErratum::fixed, Source::pci_config}));
  ASSERT_TRUE(gpu.plan);
  EXPECT_EQ(gpu.plan->usable->size, 0x17'E4F0'0000U);
  EXPECT_FALSE(gpu.plan->reserved);
}

TEST(GpuMemory, IsSplitByFamilyWhereConfigurationSpaceIsClosed) {
  auto host = gh200_host();
  host.gpus[0].config->extended_readable = false;
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.erratum, (Fact{MigErratum::present, Source::device_table}));
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W007: ordinary users see the first 64 bytes; "
                          "MIG erratum taken as present, as the hopper family "
                          "has it"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuMemory, IsSplitByFamilyWhereTheKernelReachesNoExtendedSpace) {
  auto host = gh200_host();
  host.gpus[0].config->extended_readable = false;
  host.gpus[0].config->bytes_read = 256;
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-W007: this kernel reaches only conventional "
                          "space (no ECAM); MIG erratum taken as present, as "
                          "the hopper family has it"));
  host.gpus[0].config.reset();
  host.gpus[0].config_problem = "Input/output error";
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-W007: Input/output error; MIG erratum taken as "
                          "present, as the hopper family has it"));
}

TEST(GpuMemory, OfABlackwellIsNotSplitByTheFamilyEither) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2941;
  host.gpus[0].config.reset();
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.erratum, (Fact{MigErratum::fixed, Source::device_table}));
}

TEST(GpuMemory, NeedsADsd) {
  auto host = gh200_host();
  host.acpi.dsds.clear();
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E010: no _DSD for "
                                     "\\_SB_.PCI9.RP00.GPU0 in 3 ACPI tables"));
  EXPECT_EQ(gpu.state, GpuState::blocked);
  EXPECT_FALSE(gpu.plan);
}

TEST(GpuMemory, NeedsADsdOfThisGpu) {
  auto host = gh200_host();
  host.acpi.dsds[0].path = "\\_SB_.PCI8.RP00.GPU0";
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E010: no _DSD for \\_SB_.PCI9.RP00.GPU0 in 3 "
                          "ACPI tables"));
}

TEST(GpuMemory, NeedsADsdThatSpeaksOfMemory) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties = {{"linux,something", std::uint64_t{1}}};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E010: _DSD of \\_SB_.PCI9.RP00.GPU0 has no "
                          "nvidia,gpu-mem-… property"));
}

TEST(GpuMemory, NeedsAnAcpiCompanion) {
  auto host = gh200_host();
  host.gpus[0].acpi_path.reset();
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E010: the PCI function has no ACPI companion"));
}

TEST(GpuMemory, IsNotGuessedFromAMethod) {
  auto host = gh200_host();
  host.acpi.dsds[0].form = DsdForm::dynamic;
  host.acpi.dsds[0].problem = "is a Method";
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-E011: \\_SB_.PCI9.RP00.GPU0._DSD: is "
                                     "a Method"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/firmware/acpi/tables/SSDT3 offset 0x120");
}

TEST(GpuMemory, ComesFromTheLiteralOfTwoDescriptions) {
  auto host = gh200_host();
  auto dynamic = gh200_dsd();
  dynamic.form = DsdForm::dynamic;
  host.acpi.dsds.insert(host.acpi.dsds.begin(), dynamic);
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

// Linux refuses what a later table defines once more.
TEST(GpuMemory, ComesFromTheFirstOfTwoPackages) {
  auto host = gh200_host();
  auto second = gh200_dsd();
  second.table = "SSDT10";
  second.properties[1].value = std::uint64_t{0x1000'0000'0000};
  host.acpi.dsds.push_back(second);
  const auto gpu = only_gpu(host);
  EXPECT_EQ(gpu.memory_size->value, 0x17'E4F0'0000U);
  EXPECT_THAT(
      said(gpu),
      ElementsAre("NVG-W019: _DSD of \\_SB_.PCI9.RP00.GPU0 is given 2 "
                  "times; the first, in SSDT3 at offset 0x120, counts"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/firmware/acpi/tables/SSDT10 offset 0x120");
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuMemory, IsTheFirstOfAPropertyThatIsGivenTwice) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties.push_back(
      {"nvidia,gpu-mem-size", std::uint64_t{1}});
  host.acpi.dsds[0].left_out = {"no UUID where one is due at byte 0x90"};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W019: no UUID where one is due at byte 0x90",
                          "NVG-W019: nvidia,gpu-mem-size is given 2 times; the "
                          "first counts"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuMemory, IsNotReadFromAMalformedPackage) {
  auto host = gh200_host();
  host.acpi.dsds[0].form = DsdForm::malformed;
  host.acpi.dsds[0].problem = "three elements";
  EXPECT_THAT(said(only_gpu(host)), ElementsAre("NVG-E016: \\_SB_.PCI9.RP00."
                                                "GPU0._DSD: three elements"));
}

TEST(GpuMemory, OfNoSizeMeansThatTheLinkIsDown) {
  auto host = gh200_host();
  set_property(host, "nvidia,gpu-mem-size", 0);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E012: nvidia,gpu-mem-base-pa is "
                          "0x420000000000, nvidia,gpu-mem-size is 0x0"));
}

TEST(GpuMemory, WithoutABaseMeansThatTheLinkIsDown) {
  auto host = gh200_host();
  set_property(host, "nvidia,gpu-mem-base-pa", 0);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E012: nvidia,gpu-mem-base-pa is 0x0, "
                          "nvidia,gpu-mem-size is 0x17e4f00000"));
}

TEST(GpuMemory, MayBeLeftOutByFirmwareWhenTheLinkIsDown) {
  auto host = gh200_host();
  auto& properties = host.acpi.dsds[0].properties;
  properties.erase(properties.begin() + 1);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E012: nvidia,gpu-mem-base-pa is "
                          "0x420000000000, nvidia,gpu-mem-size is absent"));
}

TEST(GpuMemory, OfTheWrongTypeDoesNotMeanThatTheLinkIsDown) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties[1].value = std::string("97871 MiB");
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E016: nvidia,gpu-mem-size is not an integer"));
}

TEST(GpuMemory, IsTooSmallBelowOneAndAHalfGibibytes) {
  auto host = gh200_host();
  set_property(host, "nvidia,gpu-mem-size", kGiB);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E013: base 0x420000000000, size 0x40000000: "
                          "size 0x40000000 (1 GiB) is less than 1.50 GiB"));
}

TEST(GpuMemory, MustBeMadeOfPages) {
  auto host = gh200_host();
  host.kernel.page_size.reset();
  set_property(host, "nvidia,gpu-mem-base-pa", 0x420000000800);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E014: base 0x420000000800, size 0x17e4f00000: "
                          "no multiples of a page"));
  set_property(host, "nvidia,gpu-mem-base-pa", 0x420000001000);
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
  host.kernel.page_size = {64 * kKiB, Source::sysfs};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E014: base 0x420000001000, size 0x17e4f00000: "
                          "no multiples of a page"));
}

TEST(GpuMemory, MustBePhysicalAddresses) {
  auto host = gh200_host();
  set_property(host, "nvidia,gpu-mem-base-pa", 1ULL << 52);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E014: base 0x10000000000000, size "
                          "0x17e4f00000: base 0x10000000000000 with size "
                          "0x17e4f00000 reaches past 2^52, the largest "
                          "physical address"));
}

TEST(GpuMemory, MustNotWrapAround) {
  auto host = gh200_host();
  set_property(host, "nvidia,gpu-mem-base-pa", 0xFFFF'FFFF'0000'0000);
  const auto gpu = only_gpu(host);
  ASSERT_THAT(said(gpu), testing::SizeIs(1));
  EXPECT_EQ(gpu.findings[0].reason->id, "NVG-E014");
}

TEST(GpuMemory, IsUnknownWithoutPrivilege) {
  auto host = gh200_host();
  host.acpi = {};
  host.acpi.unreadable = {"/sys/firmware/acpi/tables/DSDT"};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), Contains("NVG-W001: memory size and node ownership "
                                  "are not known"));
  EXPECT_EQ(gpu.state, GpuState::unknown);
}

TEST(GpuMemory, IsUnknownWhereTheTablesAreNotVisible) {
  auto host = gh200_host();
  host.acpi = {};
  host.acpi.unreadable = {"/sys/firmware/acpi/tables"};
  host.acpi.hidden = true;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              Contains("NVG-W001: not visible here (in a container?), but the "
                       "GPU has an ACPI device; memory size and node ownership "
                       "are not known"));
  EXPECT_EQ(gpu.state, GpuState::unknown);
}

TEST(GpuMemory, IsKnownWhenOnlyAnotherTableIsUnreadable) {
  auto host = gh200_host();
  host.acpi.unreadable = {"/sys/firmware/acpi/tables/dynamic/SSDT30"};
  const auto gpu = only_gpu(host);
  EXPECT_TRUE(gpu.plan);
  EXPECT_EQ(gpu.state, GpuState::ready);
  EXPECT_THAT(said(gpu), IsEmpty());
}

TEST(GpuMemory, OfATableWithAWrongChecksumIsUsedWithAWarning) {
  auto host = gh200_host();
  host.acpi.tables[0].checksum_ok = false;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W002: the table that describes this "
                                     "GPU's memory"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuMemory, TellsOfExtendedGpuMemory) {
  auto host = gh200_host();
  auto& properties = host.acpi.dsds[0].properties;
  properties.push_back({"nvidia,egm-base-pa", std::uint64_t{0x1'0000'0000}});
  properties.push_back({"nvidia,egm-size", std::uint64_t{0x6F'C000'0000}});
  properties.push_back({"nvidia,egm-pxm", std::uint64_t{4}});
  const auto gpu = only_gpu(host);
  ASSERT_TRUE(gpu.egm);
  EXPECT_EQ(gpu.egm->base, 0x1'0000'0000U);
  EXPECT_EQ(gpu.egm->size, 0x6F'C000'0000U);
  EXPECT_EQ(gpu.egm->pxm, 4U);
}

TEST(GpuMemory, MustNotOverlapRamOfSrat) {
  auto host = gh200_host();
  host.acpi.srat->memory.push_back(
      {0, 0x4217'0000'0000, 0x10'0000'0000, true, false});
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E015: overlaps RAM of proximity domain 0 at "
                          "0x421700000000, size 0x1000000000"));
}

TEST(GpuMemory, OverlapsRamThatWouldReachPastTheEndOfAllAddresses) {
  auto host = gh200_host();
  host.acpi.srat->memory = {{0, 0x1000, 0xFFFF'FFFF'FFFF'FFFF, true, false}};
  EXPECT_THAT(said(only_gpu(host)),
              Contains("NVG-E015: overlaps RAM of proximity domain 0 at "
                       "0x1000, size 0xffffffffffffffff"));
}

TEST(GpuMemory, MayLieWhereMemoryCanBePlugged) {
  auto host = gh200_host();
  host.acpi.srat->memory.push_back(
      {8, 0x4200'0000'0000, 0x17'E4F0'0000, true, true});
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuMemory, MayBeGivenToItsOwnDomainsBySrat) {
  auto host = gh200_host();
  host.acpi.srat->memory.push_back({host.acpi.srat->generic_initiators[0].pxm,
                                    0x4200'0000'0000, 0x17'E4F0'0000, true,
                                    false});
  EXPECT_THAT(said(only_gpu(host)), Not(Contains(HasSubstr("NVG-E015"))));
}

TEST(GpuMemory, IsShownAsTheDriverWasLoaded) {
  auto host = gh200_host();
  host.modules.variant_layout = "single";
  EXPECT_EQ(only_gpu(host).plan->layout, Layout::split);
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  EXPECT_EQ(only_gpu(host).plan->layout, Layout::single);
}

TEST(GpuMemory, MayTouchRam) {
  auto host = gh200_host();
  host.system_ram = {{0x41FF'0000'0000, 0x41FF'FFFF'FFFF, "System RAM"},
                     {0x4217'E4F0'0000, 0x4218'0000'0000, "System RAM"}};
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuMemory, MustNotOverlapSystemRam) {
  auto host = gh200_host();
  host.system_ram = {{0x4217'E4EF'FFFF, 0x4218'0000'0000, "System RAM"}};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E015: overlaps System RAM "
                          "0x4217e4efffff-0x421800000000"));
}

// The driver asks region_intersects() for any System RAM.
TEST(GpuMemory, MustNotOverlapRamThatAnotherDriverAdded) {
  auto host = gh200_host();
  host.system_ram = {{0x4200'0000'0000, 0x4200'3FFF'FFFF, "System RAM (kmem)"}};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E015: overlaps System RAM (kmem) "
                          "0x420000000000-0x42003fffffff"));
}

TEST(GpuMemory, MustNotOverlapAnotherGpus) {
  auto host = gh200_host();
  auto second = gh200_function();
  second.address = kSecondAddress;
  second.iommu_group = 20;
  second.acpi_path = "\\_SB_.PC19.RP00.GPU0";
  host.gpus.push_back(second);
  auto dsd = gh200_dsd();
  dsd.path = "\\_SB_.PC19.RP00.GPU0";
  host.acpi.dsds.push_back(dsd);
  const auto gpus = assemble(host);
  EXPECT_THAT(said(gpus[0]),
              Contains("NVG-E015: overlaps the memory of 0019:01:00.0 at "
                       "0x420000000000"));
  EXPECT_THAT(said(gpus[1]),
              Contains("NVG-E015: overlaps the memory of 0009:01:00.0 at "
                       "0x420000000000"));
}

TEST(Gpu, OfAnUnlistedIdIsReportedAndBlocked) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2350;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), Contains("NVG-E005: 10de:2350"));
  EXPECT_EQ(gpu.state, GpuState::blocked);
}

TEST(Gpu, OutsideTheDeviceTableIsNone) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2330;  // H100
  EXPECT_THAT(assemble(host), IsEmpty());
}

TEST(Gpu, SaysFirstWhatBlocksIt) {
  auto host = gh200_host();
  host.acpi.tables[0].checksum_ok = false;
  host.gpus[0].iommu_group.reset();
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E030: no iommu_group link",
                          "NVG-W002: the table that describes this GPU's "
                          "memory"));
}

}  // namespace
}  // namespace nvgpuctl
