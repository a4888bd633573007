// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_grounds.hpp"

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

std::vector<std::string> grounds_of(const HostSnapshot& host) {
  return grounds(host, only_gpu(host));
}

auto says(const char* words) {
  return Contains(HasSubstr(words));
}

TEST(Grounds, OfAGoodHostAreAllOfThem) {
  EXPECT_THAT(
      grounds_of(gh200_host()),
      ElementsAre("10de:2342 is GH200 120GB, a Grace Hopper GPU",
                  "firmware describes 95.58 GiB of coherent memory at "
                  "0x420000000000 for \\_SB_.PCI9.RP00.GPU0",
                  "it has the 8 NUMA nodes 1-8 that a guest needs (srat)",
                  "it shares IOMMU group 19 with no other device",
                  "the variant driver nvgrace_gpu_vfio_pci is installed for "
                  "kernel 6.17.0 and claims this id",
                  "KVM can map its memory cacheable into a guest"));
}

TEST(Grounds, NameTheFamily) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2941;
  EXPECT_THAT(grounds_of(host),
              Contains("10de:2941 is GB200, a Grace Blackwell GPU"));
}

TEST(Grounds, DoNotVouchForAnUnknownModel) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2350;
  EXPECT_THAT(grounds_of(host), Not(says("10de:2350")));
}

TEST(Grounds, AreSilentOnMemoryThatIsNotDescribed) {
  auto host = gh200_host();
  host.acpi.dsds.clear();
  EXPECT_THAT(grounds_of(host), Not(says("firmware describes")));
}

TEST(Grounds, AreSilentOnMemoryThatLiesInRam) {
  auto host = gh200_host();
  host.system_ram = {{0x4200'0000'0000, 0x4200'3FFF'FFFF, "System RAM"}};
  ASSERT_THAT(said(only_gpu(host)), says("NVG-E015"));
  EXPECT_THAT(grounds_of(host), Not(says("firmware describes")));
}

TEST(Grounds, AreSilentOnNodesThatTablesDisagreeAbout) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties[2].value = std::uint64_t{16};
  ASSERT_THAT(said(only_gpu(host)), says("NVG-E017"));
  EXPECT_THAT(grounds_of(host), Not(says("NUMA nodes")));
}

TEST(Grounds, AreSilentOnNodesThatAreTooFew) {
  auto host = gh200_host();
  host.numa.online = {0, 1, 2, 3};
  ASSERT_THAT(said(only_gpu(host)), says("NVG-E018"));
  EXPECT_THAT(grounds_of(host), Not(says("NUMA nodes")));
}

TEST(Grounds, SayWhenNodesAreOnlyInferred) {
  auto host = gh200_host();
  host.acpi = {};
  host.acpi.unreadable = {"/sys/firmware/acpi/tables/SRAT"};
  EXPECT_THAT(grounds_of(host), says("8 NUMA nodes 1-8 that a guest needs "
                                     "(sysfs)"));
}

TEST(Grounds, AreSilentOnAGroupThatIsShared) {
  auto host = gh200_host();
  PciFunction other;
  other.address = {9, 2, 0, 0};
  host.iommu_groups[19].members.push_back(other);
  ASSERT_THAT(said(only_gpu(host)), says("NVG-E031"));
  EXPECT_THAT(grounds_of(host), Not(says("IOMMU group")));
}

TEST(Grounds, AreSilentOnAGroupThatIsNotThere) {
  auto host = gh200_host();
  host.gpus[0].iommu_group.reset();
  EXPECT_THAT(grounds_of(host), Not(says("IOMMU group")));
}

TEST(Grounds, NameTheVariantDriverThatHasTheGpu) {
  auto host = gh200_host();
  host.gpus[0].driver = "nvgrace_gpu_vfio_pci";
  const auto sentences = grounds_of(host);
  EXPECT_THAT(sentences, Contains("it is bound to nvgrace_gpu_vfio_pci, which "
                                  "shows coherent memory"));
  EXPECT_THAT(sentences, Not(says("is installed for")));
}

TEST(Grounds, AreSilentOnADriverThatIsNotInstalled) {
  auto host = gh200_host();
  host.modules.vfio_aliases = {{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  EXPECT_THAT(grounds_of(host), Not(says("driver")));
}

TEST(Grounds, AreSilentOnKvmThatCannotOrDoesNotTell) {
  auto host = gh200_host();
  host.virtualization.kvm_cacheable_pfnmap = Fact{false, Source::capture};
  EXPECT_THAT(grounds_of(host), Not(says("KVM")));
  host.virtualization.kvm_cacheable_pfnmap.reset();
  EXPECT_THAT(grounds_of(host), Not(says("KVM")));
}

TEST(Grounds, AreNoneForAGpuOfWhichNothingIsKnown) {
  Gpu gpu;
  gpu.model.known = false;
  EXPECT_THAT(grounds(HostSnapshot{}, gpu), IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl
