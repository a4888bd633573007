// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_files.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "host/gzip.hpp"
#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

KernelFacts read_kernels(const FakeRoot& fake) {
  std::vector<std::string> problems;
  return read_kernel(fake.open(), problems);
}

ModuleFacts modules(const FakeRoot& fake) {
  std::vector<std::string> problems;
  return read_modules(fake.open(), "6.17.0", problems);
}

void write_gzip(const FakeRoot& fake, const std::string& name,
                const std::string& text) {
  std::filesystem::create_directories(fake.path(name).parent_path());
  gzFile_s* const file = ::gzopen(fake.path(name).c_str(), "wb");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
}

TEST(KernelFiles, SayWhichKernelThisIs) {
  FakeRoot fake;
  fake.kernel("6.17.0", "").file("/proc/cmdline", "ro quiet\n");
  const auto kernel = read_kernels(fake);
  EXPECT_EQ(kernel.release, "6.17.0");
  EXPECT_EQ(kernel.machine, (Fact<std::string>{"aarch64", Source::procfs}));
  EXPECT_EQ(kernel.command_line, "ro quiet");
}

TEST(KernelFiles, MayAllBeMissing) {
  FakeRoot fake;
  std::vector<std::string> problems;
  const auto kernel = read_kernel(fake.open(), problems);
  EXPECT_EQ(kernel.release, "");
  EXPECT_EQ(kernel.config_file, "");
  EXPECT_FALSE(kernel.page_size);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(KernelConfig, KeepsTheOptionsOfInterest) {
  FakeRoot fake;
  fake.kernel("6.17.0",
              "CONFIG_VFIO_PCI_CORE=m\n# CONFIG_IOMMUFD is not set\n"
              "CONFIG_NODES_SHIFT=6\nCONFIG_EXT4_FS=y\nCONFIG_KVM\n");
  const auto kernel = read_kernels(fake);
  EXPECT_EQ(kernel.config_file, "/boot/config-6.17.0");
  EXPECT_THAT(kernel.config, ElementsAre(Pair("CONFIG_NODES_SHIFT", "6"),
                                         Pair("CONFIG_VFIO_PCI_CORE", "m")));
}

TEST(KernelConfig, TellsThePageSizeOfACapture) {
  FakeRoot fake;
  fake.kernel("6.17.0", "CONFIG_ARM64_64K_PAGES=y\n");
  EXPECT_EQ(read_kernels(fake).page_size->value, 65536U);
  EXPECT_EQ(read_kernels(fake).page_size->source, Source::kernel_config);
}

TEST(KernelConfig, IsFoundBesideTheModules) {
  FakeRoot fake;
  fake.file("/proc/sys/kernel/osrelease", "6.17.0\n");
  fake.file("/lib/modules/6.17.0/config", "CONFIG_VFIO=y\n");
  EXPECT_EQ(read_kernels(fake).config_file, "/lib/modules/6.17.0/config");
}

TEST(KernelConfig, IsUnpackedFromProc) {
  FakeRoot fake;
  write_gzip(fake, "/proc/config.gz", "CONFIG_KVM=y\n");
  const auto kernel = read_kernels(fake);
  EXPECT_EQ(kernel.config_file, "/proc/config.gz");
  EXPECT_THAT(kernel.config, ElementsAre(Pair("CONFIG_KVM", "y")));
}

TEST(KernelConfig, IsNotUnpackedWithoutAnEnd) {
  FakeRoot fake;
  write_gzip(fake, "/proc/config.gz", std::string(5U << 20U, '\n'));
  std::vector<std::string> problems;
  EXPECT_EQ(read_kernel(fake.open(), problems).config_file, "");
  EXPECT_THAT(problems,
              ElementsAre("/proc/config.gz: unpacks to more than 4 MiB"));
}

TEST(KernelConfig, ThatIsNoGzipFileIsNamed) {
  FakeRoot fake;
  fake.file("/proc/config.gz", "CONFIG_KVM=y\n");
  std::vector<std::string> problems;
  read_kernel(fake.open(), problems);
  EXPECT_THAT(problems, ElementsAre("/proc/config.gz: not a gzip file"));
}

TEST(KernelConfig, ThatGoesOnBehindItsEndIsNamed) {
  FakeRoot fake;
  const auto packed = *gzip("CONFIG_KVM=y\n");
  fake.file("/proc/config.gz", packed + "more");
  std::vector<std::string> problems;
  EXPECT_EQ(read_kernel(fake.open(), problems).config_file, "");
  EXPECT_THAT(problems,
              ElementsAre(fmt::format(
                  "/proc/config.gz: a gzip file that ends at byte {} of {}",
                  packed.size(), packed.size() + 4)));
}

TEST(KernelRelease, IsNotBelievedWhenLongerThanLinuxAllows) {
  FakeRoot fake;
  fake.kernel("6.17.0", "")
      .file("/proc/sys/kernel/osrelease", std::string(65, '6') + '\n');
  std::vector<std::string> problems;
  EXPECT_EQ(read_kernel(fake.open(), problems).release, "");
  EXPECT_THAT(problems, ElementsAre("/proc/sys/kernel/osrelease: longer than "
                                    "64 characters"));
}

TEST(ModuleFiles, SayWhichVariantDriversThereAre) {
  FakeRoot fake;
  fake.module_alias("6.17.0",
                    "alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* "
                    "nvgrace_gpu_vfio_pci\n");
  fake.file("/lib/modules/6.17.0/modules.dep",
            "kernel/drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko.xz: "
            "kernel/drivers/vfio/pci/vfio-pci-core.ko.xz\n");
  fake.directory("/sys/module/vfio_pci_core");
  const auto facts = modules(fake);
  EXPECT_TRUE(facts.alias_file_found);
  EXPECT_THAT(facts.vfio_aliases, SizeIs(1));
  EXPECT_THAT(facts.variant_files,
              ElementsAre("kernel/drivers/vfio/pci/nvgrace-gpu/"
                          "nvgrace-gpu-vfio-pci.ko.xz"));
  EXPECT_THAT(facts.loaded, ElementsAre("vfio_pci_core"));
}

// A built-in driver without parameters has no directory in /sys/module.
TEST(ModuleFiles, AreNotNeededByABuiltInDriver) {
  FakeRoot fake;
  fake.directory("/sys/bus/pci/drivers/nvgrace_gpu_vfio_pci");
  EXPECT_THAT(modules(fake).loaded, ElementsAre("nvgrace_gpu_vfio_pci"));
}

TEST(ModuleFiles, AreFoundWhereDepmodLeftThemOut) {
  FakeRoot fake;
  fake.file("/lib/modules/6.17.0/modules.dep",
            "updates/dkms/nvgrace-gpu-vfio-pci.ko: vfio-pci-core.ko\n");
  fake.file("/lib/modules/6.17.0/updates/dkms/nvgrace-gpu-vfio-pci.ko", "");
  fake.file(
      "/lib/modules/6.17.0/kernel/drivers/vfio/pci/nvgrace-gpu/"
      "nvgrace-gpu-vfio-pci.ko.xz",
      "");
  EXPECT_THAT(modules(fake).variant_files,
              ElementsAre("updates/dkms/nvgrace-gpu-vfio-pci.ko",
                          "kernel/drivers/vfio/pci/nvgrace-gpu/"
                          "nvgrace-gpu-vfio-pci.ko.xz"));
}

TEST(ModuleFiles, ThatAreMissingAreNotAProblem) {
  FakeRoot fake;
  std::vector<std::string> problems;
  const auto facts = read_modules(fake.open(), "6.17.0", problems);
  EXPECT_FALSE(facts.alias_file_found);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(VirtualizationFiles, SayWhatTheHostOffers) {
  FakeRoot fake;
  fake.file("/dev/kvm", "").file("/dev/vfio/vfio", "");
  const std::string pool = "/sys/kernel/mm/hugepages/hugepages-524288kB/";
  fake.file(pool + "nr_hugepages", "32\n").file(pool + "free_hugepages", "8\n");
  fake.directory("/sys/kernel/mm/hugepages/hugepages-xkB");
  const auto facts = read_virtualization(fake.open());
  EXPECT_TRUE(facts.dev_kvm);
  EXPECT_TRUE(facts.dev_vfio);
  EXPECT_FALSE(facts.dev_iommu);
  EXPECT_FALSE(facts.kvm_cacheable_pfnmap);
  ASSERT_THAT(facts.huge_pages, SizeIs(1));
  EXPECT_EQ(facts.huge_pages[0].page_size, 512U << 20U);
  EXPECT_EQ(facts.huge_pages[0].configured, 32U);
  EXPECT_EQ(facts.huge_pages[0].free, 8U);
}

}  // namespace
}  // namespace nvgpuctl
