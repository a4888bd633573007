// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/config_space.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

constexpr PciAddress kGpu{9, 1, 0, 0};
constexpr const char* kGpuName = "0009:01:00.0";

// As the kernel prints a GH200's.
constexpr const char* kResource =
    "0x0000661002000000 0x0000661002ffffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000662000000000 0x0000663fffffffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000661000000000 0x0000661001ffffff 0x000000000014220c\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

void add_gpu(FakeRoot& fake) {
  fake.pci_function(kGpuName, "0x10de", "0x2342");
}

PciFunction read_gpu(const FakeRoot& fake) {
  const auto root = fake.open();
  PciLibrary library(root);
  auto function = read_pci_function(root, library, kGpu);
  EXPECT_TRUE(function);
  return std::move(*function);
}

std::string bytes_of(const ConfigSpace& space) {
  return {space.bytes().begin(), space.bytes().end()};
}

TEST(FindGpus, TakesDisplayFunctionsOfNvidiaInOrder) {
  FakeRoot fake;
  fake.pci_function("0019:01:00.0", "0x10de", "0x2342");
  fake.pci_function("0009:01:00.0", "0x10de", "0x2342");
  fake.pci_function("0000:01:00.0", "0x10de", "0x2330", "0x030000");
  fake.pci_function("0009:00:00.0", "0x10de", "0x22b1", "0x060400");
  fake.pci_function("0001:01:00.0", "0x15b3", "0xa2dc", "0x020000");
  fake.pci_function("0002:01:00.0", "0x1002", "0x2342");
  EXPECT_THAT(
      *find_nvidia_gpus(fake.open(), TagUse::trust),
      ElementsAre(PciAddress{0, 1, 0, 0}, kGpu, PciAddress{0x19, 1, 0, 0}));
}

TEST(FindGpus, FindsNoneOnAHostWithoutPciFunctions) {
  FakeRoot fake;
  EXPECT_THAT(*find_nvidia_gpus(fake.open(), TagUse::trust), IsEmpty());
}

TEST(FindGpus, RefusesATreeThatIsNoHost) {
  FakeRoot fake;
  std::filesystem::remove_all(fake.path("/sys"));
  const auto found = find_nvidia_gpus(fake.open(), TagUse::trust);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
  EXPECT_EQ(found.error().subject, "/sys/bus/pci/devices/");
}

TEST(FindGpus, PassesOverFunctionsThatCannotBeRead) {
  FakeRoot fake;
  add_gpu(fake);
  fake.directory("/sys/bus/pci/devices/0001:00:00.0");
  fake.link("/sys/bus/pci/devices/0002:00:00.0", "nowhere");
  fake.file("/sys/bus/pci/devices/0003:00:00.0/vendor", "");
  fake.file("/sys/bus/pci/devices/0004:00:00.0/vendor",
            std::string(100000, '1'));
  EXPECT_THAT(*find_nvidia_gpus(fake.open(), TagUse::trust), ElementsAre(kGpu));
}

TEST(FindGpus, TakesAnAddressOnlyAsTheKernelSpellsIt) {
  FakeRoot fake;
  add_gpu(fake);
  fake.pci_function("9:1:0.0", "0x10de", "0x2342");
  EXPECT_THAT(*find_nvidia_gpus(fake.open(), TagUse::trust), ElementsAre(kGpu));
}

TEST(PciIdentity, IsAnErrorForAFunctionThatIsNotThere) {
  FakeRoot fake;
  const auto function = read_pci_identity(fake.open(), kGpu);
  ASSERT_FALSE(function);
  EXPECT_EQ(function.error().code, Errc::not_found);
  EXPECT_EQ(function.error().subject, "0009:01:00.0");
}

TEST(PciIdentity, IsAnErrorForAFunctionThatIsPulledOut) {
  for (const auto* lost : {"vendor", "device"}) {
    FakeRoot fake;
    add_gpu(fake);
    std::filesystem::remove(fake.path(sysfs_path(kGpu, lost)));
    const auto function = read_pci_identity(fake.open(), kGpu);
    ASSERT_FALSE(function) << lost;
    EXPECT_EQ(function.error().code, Errc::not_found);
    EXPECT_EQ(function.error().problem, "it was pulled out while it was read");
  }
}

TEST(PciFunction, HoldsWhatSysfsSays) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "subsystem_vendor", "0x10de\n")
      .attribute(kGpuName, "subsystem_device", "0x16eb\n")
      .attribute(kGpuName, "numa_node", "0\n")
      .attribute(kGpuName, "resource", kResource)
      .attribute(kGpuName, "modalias", "pci:v000010DEd00002342\n")
      .attribute(kGpuName, "power_state", "D0\n")
      .attribute(kGpuName, "reset_method", "acpi bus\n")
      .driver(kGpuName, "nvidia")
      .iommu_group(kGpuName, 19)
      .acpi_companion(kGpuName, "\\_SB_.PCI9.RP00.GPU0");
  fake.link("/sys/bus/pci/devices/0009:01:00.0/iommu",
            "../../../virtual/iommu/smmu3.0x0000000005000000");
  fake.directory("/sys/bus/pci/devices/0009:01:00.0/vfio-dev/vfio0");
  const auto gpu = read_gpu(fake);
  EXPECT_EQ(gpu.vendor, 0x10DE);
  EXPECT_EQ(gpu.device, 0x2342);
  EXPECT_EQ(gpu.subsystem_device, 0x16EB);
  EXPECT_EQ(gpu.class_code, 0x030200U);
  EXPECT_THAT(gpu.numa_node, Optional(0U));
  EXPECT_THAT(gpu.driver, Optional(std::string("nvidia")));
  EXPECT_EQ(gpu.driver_override, std::nullopt);
  EXPECT_THAT(gpu.iommu_group, Optional(19U));
  EXPECT_THAT(gpu.smmu, Optional(std::string("smmu3.0x0000000005000000")));
  EXPECT_THAT(gpu.acpi_path, Optional(std::string("\\_SB_.PCI9.RP00.GPU0")));
  EXPECT_THAT(gpu.vfio_dev, Optional(std::string("vfio0")));
  EXPECT_EQ(gpu.modalias, "pci:v000010DEd00002342");
  EXPECT_EQ(gpu.reset_methods, "acpi bus");
  EXPECT_EQ(gpu.power_state, "D0");
  EXPECT_THAT(gpu.upstream, ElementsAre(PciAddress{9, 0, 0, 0}));
}

TEST(PciFunction, HasTheBarsOfItsResourceFile) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "resource", kResource);
  const auto gpu = read_gpu(fake);
  ASSERT_THAT(gpu.bars, SizeIs(3));
  EXPECT_EQ(gpu.bars[0].index, 0U);
  EXPECT_EQ(gpu.bars[0].size, 0x100'0000U);
  EXPECT_EQ(gpu.bars[1].index, 2U);
  EXPECT_EQ(gpu.bars[1].start, 0x6620'0000'0000U);
  EXPECT_EQ(gpu.bars[1].size, 0x20'0000'0000U);
  EXPECT_EQ(gpu.bars[1].flags, 0x14220CU);
  EXPECT_EQ(gpu.bars[2].index, 4U);
}

TEST(PciFunction, HasNoBarFromALineThatIsNone) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "resource", "0x0 0x0\n");
  const auto gpu = read_gpu(fake);
  EXPECT_THAT(gpu.bars, IsEmpty());
  EXPECT_THAT(gpu.problems,
              testing::Contains("/sys/bus/pci/devices/0009:01:00.0/resource: "
                                "not a resource line: '0x0 0x0'"));
}

TEST(PciFunction, HasNoBarThatNoHostCouldHave) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "resource",
                 "0x0000000000000000 0xffffffffffffffff 0x000000000014220c\n");
  const auto gpu = read_gpu(fake);
  EXPECT_THAT(gpu.bars, IsEmpty());
  EXPECT_THAT(gpu.problems,
              testing::Contains(HasSubstr("resource: not a resource line")));
}

TEST(PciFunction, HasNoNumaNodeWhenTheKernelSaysMinusOne) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "numa_node", "-1\n");
  EXPECT_EQ(read_gpu(fake).numa_node, std::nullopt);
}

TEST(PciFunction, SaysWhichAttributesAreUnusable) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "device", "2342 GH200\n")
      .attribute(kGpuName, "numa_node", "zero\n")
      .attribute(kGpuName, "modalias", std::string(70000, 'x'))
      .attribute(kGpuName, "config", bytes_of(ConfigSpace::gpu(0x2342)));
  EXPECT_THAT(
      read_gpu(fake).problems,
      ElementsAre("/sys/bus/pci/devices/0009:01:00.0/device: not a "
                  "hexadecimal number: '2342 GH200'",
                  "/sys/bus/pci/devices/0009:01:00.0/modalias: longer than "
                  "65536 bytes",
                  "/sys/bus/pci/devices/0009:01:00.0/numa_node: not a number: "
                  "'zero'"));
}

TEST(PciFunction, ShowsNoControlCharactersOfABrokenAttribute) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "numa_node", "\x1B[2J\xFF" + std::string(99, 'x'));
  EXPECT_THAT(read_gpu(fake).problems,
              testing::Contains("/sys/bus/pci/devices/0009:01:00.0/numa_node: "
                                "not a number: '?[2J?" +
                                std::string(35, 'x') + "'"));
}

TEST(PciFunction, IsInNoGroupWithANumberThatIsTooLarge) {
  FakeRoot fake;
  add_gpu(fake);
  fake.link("/sys/bus/pci/devices/0009:01:00.0/iommu_group",
            "../../../../kernel/iommu_groups/4294967315");
  EXPECT_EQ(read_gpu(fake).iommu_group, std::nullopt);
}

TEST(PciFunction, ShowsItsOverride) {
  FakeRoot fake;
  add_gpu(fake);
  fake.attribute(kGpuName, "driver_override", "vfio-pci\n");
  EXPECT_THAT(read_gpu(fake).driver_override,
              Optional(std::string("vfio-pci")));
  fake.attribute(kGpuName, "driver_override", "\n");
  EXPECT_EQ(read_gpu(fake).driver_override, std::nullopt);
}

TEST(ConfigOfAFunction, IsReadAsFarAsItWasRecorded) {
  FakeRoot fake;
  add_gpu(fake);
  auto space = ConfigSpace::gpu(0x2941);
  space.extended(0x100, 0x23, 1, 0).dvsec(0x100, 0x10DE, 3, 0x10);
  space.word(0x10A, 1);
  fake.attribute(kGpuName, "config", bytes_of(space));
  const auto whole = read_gpu(fake).config;
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->extended_readable);
  EXPECT_THAT(whole->mig_erratum_fixed, Optional(true));

  fake.attribute(kGpuName, "config", bytes_of(space).substr(0, 64));
  const auto header = read_gpu(fake).config;
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->extended_readable);
  EXPECT_EQ(header->device, 0x2941);
}

TEST(ConfigOfAFunction, IsAbsentWhenNotRecorded) {
  FakeRoot fake;
  add_gpu(fake);
  EXPECT_FALSE(read_gpu(fake).config);
  fake.attribute(kGpuName, "config", "short");
  EXPECT_FALSE(read_gpu(fake).config);
}

TEST(ConfigOfAFunction, IsNotReadFromOutsideACapture) {
  FakeRoot outside;
  outside.file("/config", bytes_of(ConfigSpace::gpu(0x2342)));
  FakeRoot fake;
  add_gpu(fake);
  fake.link("/sys/bus/pci/devices/0009:01:00.0/config",
            outside.path("/config").string());
  EXPECT_FALSE(read_gpu(fake).config);
}

TEST(ConfigOfAFunction, IsNotWaitedForWhenItIsAFifo) {
  FakeRoot fake;
  add_gpu(fake);
  ASSERT_EQ(
      ::mkfifo(fake.path("/sys/bus/pci/devices/0009:01:00.0/config").c_str(),
               0600),
      0);
  EXPECT_FALSE(read_gpu(fake).config);
}

TEST(IommuGroup, HasMembersWithIdsAndDrivers) {
  FakeRoot fake;
  add_gpu(fake);
  fake.pci_function("0009:02:00.0", "0x144d", "0xa80a", "0x010802");
  fake.driver("0009:02:00.0", "nvme");
  fake.iommu_group(kGpuName, 19).iommu_group("0009:02:00.0", 19);
  const auto group = read_iommu_group(fake.open(), 19);
  EXPECT_EQ(group.type, "DMA");
  ASSERT_THAT(group.members, SizeIs(2));
  EXPECT_EQ(group.members[0].address, kGpu);
  EXPECT_EQ(group.members[1].vendor, 0x144D);
  EXPECT_THAT(group.members[1].driver, Optional(std::string("nvme")));
}

TEST(IommuGroup, HasMembersThatAreNoPciFunctions) {
  FakeRoot fake;
  add_gpu(fake);
  fake.iommu_group(kGpuName, 19);
  fake.directory("/sys/kernel/iommu_groups/19/devices/arm-accel.0");
  const auto group = read_iommu_group(fake.open(), 19);
  EXPECT_THAT(group.members, SizeIs(1));
  EXPECT_THAT(group.other_members, ElementsAre("arm-accel.0"));
}

// No file can be opened while it lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;

 private:
  rlimit before_{};
};

TEST(FindGpus, FailsOnTheLiveHostWhenLibudevCannotLook) {
  const auto root = RootDir::open("/");
  ASSERT_TRUE(root && root->live());
  for (const auto tags : {TagUse::trust, TagUse::ignore}) {
    auto found = find_nvidia_gpus(*root, tags);
    ASSERT_TRUE(found) << found.error().problem;
    {
      const NoMoreFiles shortage;
      found = find_nvidia_gpus(*root, tags);
    }
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Errc::io);
    EXPECT_EQ(found.error().subject, "libudev");
    EXPECT_EQ(found.error().problem,
              "cannot list PCI functions: Too many open files");
  }
}

TEST(IommuGroup, HasDirectRegionsButNotTheRelaxableOnes) {
  FakeRoot fake;
  fake.file("/sys/kernel/iommu_groups/19/reserved_regions",
            "0x0000000008000000 0x00000000080fffff msi\n"
            "0x0000000080000000 0x000000008fffffff direct\n"
            "0x0000000090000000 0x000000009fffffff direct-relaxable\n");
  EXPECT_THAT(read_iommu_group(fake.open(), 19).direct_regions,
              ElementsAre("0x0000000080000000 0x000000008fffffff direct"));
}

TEST(IommuGroup, IsEmptyWhenItIsNotThere) {
  FakeRoot fake;
  const auto group = read_iommu_group(fake.open(), 7);
  EXPECT_EQ(group.number, 7U);
  EXPECT_THAT(group.members, IsEmpty());
}

TEST(PciNames, AreThoseOfTheDatabase) {
  FakeRoot fake;
  PciLibrary library(fake.open());
  EXPECT_THAT(library.device_name(0x10DE, 0x2342), HasSubstr("NVIDIA"));
  EXPECT_EQ(library.class_name(0x030200), "3D controller");
}

}  // namespace
}  // namespace nvgpuctl
