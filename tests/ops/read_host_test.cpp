// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/read_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/aml_builder.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kName = "0009:01:00.0";

HostSnapshot read(const FakeRoot& fake, const HostNeeds& needs = {}) {
  const auto root = fake.open();
  auto host = read_host(root, *read_device_table(root), needs);
  EXPECT_TRUE(host) << (host ? "" : host.error().problem);
  return host ? std::move(*host) : HostSnapshot{};
}

void add_gpu(FakeRoot& fake) {
  fake.pci_function(kName, "0x10de", "0x2342").iommu_group(kName, 19);
}

// A device GPU0 with nvidia,gpu-mem-size.
Aml memory_block(std::uint64_t size, const char* signature,
                 std::uint8_t revision = 2) {
  const Aml device = test::device(
      "GPU0",
      test::dsd({test::property("nvidia,gpu-mem-size", test::integer(size))}));
  return test::table(signature, test::scope(test::text("\\_SB_"), device),
                     revision);
}

Aml empty_srat(std::uint64_t domains) {
  Aml body = test::join({test::little_endian(1, 4), test::little_endian(0, 8)});
  for (std::uint64_t pxm = 0; pxm < domains; ++pxm) {
    body = test::join({body,
                       {3, 18},
                       test::little_endian(pxm, 4),
                       test::little_endian(0, 4),
                       test::little_endian(1, 4),
                       test::little_endian(0, 4)});
  }
  return test::table("SRAT", body, 3);
}

std::uint64_t size_of(const DeviceDsd& dsd) {
  return interpret_coherent_memory(dsd).size.value_or(0);
}

TEST(ReadHost, TellsGraceGpusFromOthers) {
  FakeRoot fake;
  add_gpu(fake);
  fake.pci_function("0000:01:00.0", "0x10de", "0x2330");
  fake.pci_function("0019:01:00.0", "0x10de", "0x2377");
  const auto host = read(fake);
  EXPECT_FALSE(host.live);
  ASSERT_THAT(host.gpus, SizeIs(2));
  EXPECT_EQ(host.gpus[0].address, (PciAddress{9, 1, 0, 0}));
  EXPECT_EQ(host.gpus[1].device, 0x2377);
  ASSERT_THAT(host.other_gpus, SizeIs(1));
  EXPECT_EQ(host.other_gpus[0].device, 0x2330);
}

TEST(ReadHost, ReadsTheGroupOfAGpuOnce) {
  FakeRoot fake;
  add_gpu(fake);
  fake.pci_function("0009:02:00.0", "0x10de", "0x2342");
  fake.iommu_group("0009:02:00.0", 19);
  const auto host = read(fake);
  EXPECT_TRUE(host.has_iommu);
  ASSERT_THAT(host.iommu_groups, SizeIs(1));
  EXPECT_THAT(host.iommu_groups.at(19).members, SizeIs(2));
}

TEST(ReadHost, SeesAnIommuThatHasNoGroupYet) {
  FakeRoot fake;
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  fake.directory("/sys/class/iommu/smmu3.0x0000000011000000");
  EXPECT_TRUE(read(fake).has_iommu);
}

TEST(ReadHost, SeesThatThereIsNoIommu) {
  FakeRoot fake;
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  EXPECT_FALSE(read(fake).has_iommu);
}

TEST(ReadHost, LooksNoFurtherOnAHostWithoutAGraceGpu) {
  FakeRoot fake;
  fake.kernel("6.17.0", "");
  EXPECT_EQ(read(fake).kernel.release, "");
  EXPECT_EQ(read(fake, {.host_facts = true}).kernel.release, "6.17.0");
}

TEST(ReadHost, IsAnErrorWithoutPciFunctionsToAskFor) {
  FakeRoot fake;
  std::filesystem::remove_all(fake.path("/sys"));
  const auto root = fake.open();
  const auto host = read_host(root, DeviceTable::shipped(), {});
  ASSERT_FALSE(host);
  EXPECT_EQ(host.error().code, Errc::not_found);
}

TEST(ReadHost, ReadsTheTablesOfFirmware) {
  FakeRoot fake;
  add_gpu(fake);
  fake.acpi_table("DSDT", test::table("DSDT", {}));
  fake.acpi_table("SSDT3", memory_block(0x17'E4F0'0000, "SSDT"));
  fake.acpi_table("SRAT", empty_srat(2));
  const auto host = read(fake);
  EXPECT_THAT(host.acpi.tables, SizeIs(3));
  ASSERT_THAT(host.acpi.dsds, SizeIs(1));
  EXPECT_EQ(host.acpi.dsds[0].path, "\\_SB_.GPU0");
  EXPECT_EQ(host.acpi.dsds[0].table, "SSDT3");
  EXPECT_EQ(size_of(host.acpi.dsds[0]), 0x17'E4F0'0000U);
  ASSERT_TRUE(host.acpi.srat);
  EXPECT_THAT(host.acpi.srat->pxm_order, ElementsAre(0, 1));
  EXPECT_THAT(host.acpi.problems, IsEmpty());
}

TEST(ReadHost, ComputesWithTheIntegersOfTheDsdt) {
  FakeRoot fake;
  add_gpu(fake);
  fake.acpi_table("DSDT", test::table("DSDT", {}, 1));
  fake.acpi_table("SSDT1", memory_block(0x17'E4F0'0000, "SSDT"));
  const auto host = read(fake);
  ASSERT_THAT(host.acpi.dsds, SizeIs(1));
  EXPECT_EQ(size_of(host.acpi.dsds[0]), 0xE4F0'0000U);
}

TEST(ReadHost, TakesTheFirstOfSeveralSrats) {
  FakeRoot fake;
  add_gpu(fake);
  fake.acpi_table("SRAT1", empty_srat(1)).acpi_table("SRAT2", empty_srat(3));
  EXPECT_THAT(read(fake).acpi.srat->pxm_order, ElementsAre(0));
}

TEST(ReadHost, NamesDamagedTablesAndGoesOn) {
  FakeRoot fake;
  add_gpu(fake);
  fake.acpi_table("SSDT1", std::vector<std::uint8_t>{1, 2, 3});
  fake.acpi_table("SSDT2", memory_block(1, "SSDT"));
  const auto host = read(fake);
  EXPECT_THAT(host.acpi.dsds, SizeIs(1));
  EXPECT_THAT(host.acpi.problems,
              ElementsAre("SSDT1: 3 bytes are too short for the 36 byte header "
                          "of an ACPI table"));
}

// A container masks /sys/firmware for root, too.
TEST(ReadHost, KnowsThatTablesAreHiddenWhereAGpuHasAnAcpiDevice) {
  FakeRoot fake;
  add_gpu(fake);
  EXPECT_THAT(read(fake).acpi.unreadable, IsEmpty());
  fake.acpi_companion("0009:01:00.0", "\\_SB_.GPU0");
  const auto hidden = read(fake);
  EXPECT_TRUE(hidden.acpi.hidden);
  EXPECT_THAT(hidden.acpi.unreadable, ElementsAre("/sys/firmware/acpi/tables"));
  fake.acpi_table("DSDT", test::table("DSDT", {}));
  EXPECT_THAT(read(fake).acpi.unreadable, IsEmpty());
}

TEST(ReadHost, TakesFromACaptureWhatNoFileHolds) {
  FakeRoot fake;
  add_gpu(fake);
  fake.file("/nvgpuctl-capture.yaml",
            "capture: 1\nprivileged: false\nmachine: aarch64\n"
            "page_size: 65536\nlibvirt: \"12.8.0\"\n");
  const auto host = read(fake);
  EXPECT_EQ(host.kernel.machine,
            (Fact<std::string>{"aarch64", Source::capture}));
  EXPECT_EQ(host.kernel.page_size->source, Source::capture);
  EXPECT_EQ(host.virtualization.libvirt->value, (Version{12, 8, 0}));
  EXPECT_THAT(host.acpi.unreadable, ElementsAre("/sys/firmware/acpi/tables"));
}

TEST(ReadHost, BelievesARecordedFileBeforeTheCapturesWord) {
  FakeRoot fake;
  add_gpu(fake);
  fake.kernel("6.17.0", "CONFIG_ARM64_4K_PAGES=y\n");
  fake.file("/nvgpuctl-capture.yaml",
            "capture: 1\nmachine: x86_64\npage_size: 65536\n");
  const auto host = read(fake);
  EXPECT_EQ(host.kernel.machine.value, "aarch64");
  EXPECT_EQ(host.kernel.page_size->value, 4096U);
}

TEST(ReadHost, RefusesACaptureThatItCannotRead) {
  FakeRoot fake;
  add_gpu(fake);
  fake.file("/nvgpuctl-capture.yaml", "capture: 1\nmachine: [\n");
  const auto root = fake.open();
  const auto host = read_host(root, DeviceTable::shipped(), {});
  ASSERT_FALSE(host);
  EXPECT_EQ(host.error().code, Errc::malformed);
}

TEST(DeviceTableOfAHost, HasTheOperatorsOwnIds) {
  FakeRoot fake;
  fake.pci_function(kName, "0x10de", "0x3041");
  EXPECT_THAT(read(fake).gpus, IsEmpty());
  fake.file("/etc/nvgpuctl/devices.d/rubin.yaml",
            "apiVersion: nvgpuctl/v1\nkind: DeviceTable\nmodels:\n"
            "  - {id: \"10de:3041\", name: VR200, family: blackwell}\n");
  EXPECT_THAT(read(fake).gpus, SizeIs(1));
}

TEST(DeviceTableOfAHost, DoesNotCountWhatAnEditorHides) {
  FakeRoot fake;
  fake.link("/etc/nvgpuctl/devices.d/.#local.yaml", "root@host.17:1");
  fake.file("/etc/nvgpuctl/devices.d/.local.yaml", "models: 7\n");
  EXPECT_TRUE(read_device_table(fake.open()));
}

TEST(DeviceTableOfAHost, IsRefusedWithThePlaceOfTheMistake) {
  FakeRoot fake;
  fake.file("/etc/nvgpuctl/devices.d/a.yaml", "models: 7\n");
  fake.file("/etc/nvgpuctl/devices.d/ignored.txt", "models: 7\n");
  const auto table = read_device_table(fake.open());
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::malformed);
  EXPECT_TRUE(
      table.error().subject.starts_with("/etc/nvgpuctl/devices.d/a.yaml:1:"))
      << table.error().subject;
}

}  // namespace
}  // namespace nvgpuctl
