// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Eq;
using testing::Optional;

Result<DomainRequest> describe(const HostSnapshot& host) {
  const auto gpus = assemble(host);
  std::vector<const Gpu*> chosen;
  for (const auto& gpu : gpus) {
    chosen.push_back(&gpu);
  }
  return describe_guest(host, chosen);
}

// Two GH200 beside CPU nodes 0 and 1; GPU nodes 2-9 and 10-17.
HostSnapshot nvl2_host() {
  auto host = gh200_host();
  auto second = gh200_function();
  second.address = {0x19, 1, 0, 0};
  second.acpi_path = "\\_SB_.PC19.RP00.GPU0";
  second.numa_node = 1;
  second.iommu_group = 20;
  host.gpus.push_back(second);
  auto dsd = gh200_dsd();
  dsd.path = *second.acpi_path;
  dsd.properties = {{"nvidia,gpu-mem-base-pa", std::uint64_t{0x5200'0000'0000}},
                    {"nvidia,gpu-mem-size", std::uint64_t{0x17'E4F0'0000}}};
  host.acpi.dsds.push_back(dsd);
  auto& srat = *host.acpi.srat;
  srat.pxm_order.insert(srat.pxm_order.begin() + 1, 1);
  for (std::uint32_t pxm = 16; pxm < 24; ++pxm) {
    srat.pxm_order.push_back(pxm);
    srat.generic_initiators.push_back({pxm, second.address, true, false});
  }
  Slit slit;
  slit.localities = 24;
  slit.distances.assign(std::size_t{24} * 24, 40);
  slit.distances[0 * 24 + 8] = 80;   // CPU 0 to its own GPU
  slit.distances[1 * 24 + 8] = 120;  // CPU 1 to the other's
  slit.distances[1 * 24 + 16] = 81;
  slit.distances[0 * 24 + 16] = 121;
  slit.distances[8 * 24 + 9] = 11;
  slit.distances[16 * 24 + 17] = 12;
  host.acpi.slit = slit;
  NumaNode cpus;
  cpus.id = 1;
  cpus.cpus = {72};
  host.numa.nodes = {host.numa.nodes[0], cpus};
  host.numa.online = {};
  host.numa.generic_initiators.reset();
  return host;
}

TEST(GuestFacts, AddUpTheBarsThatTheGuestWillSee) {
  const auto request = describe(gh200_host());
  ASSERT_TRUE(request);
  // BAR 0 is physical, BAR 2 the reserved part, BAR 4 the usable one.
  EXPECT_EQ(request->gpus[0].aperture_bytes,
            (Fact<std::uint64_t>{16 * kMiB + 2 * kGiB + 128 * kGiB,
                                 Source::computed}));
  EXPECT_EQ(request->gpus[0].largest_bar.value, 128 * kGiB);
}

TEST(GuestFacts, CountThePhysicalBar2WithoutAReservedPart) {
  auto host = gh200_host();
  host.gpus[0].device = 0x2941;
  host.gpus[0].config->mig_erratum_fixed = true;
  host.gpus[0].bars[1].size = 256 * kGiB;
  const auto request = describe(host);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->gpus[0].aperture_bytes.value,
            16 * kMiB + 256 * kGiB + 128 * kGiB);
  EXPECT_EQ(request->gpus[0].largest_bar.value, 256 * kGiB);
}

TEST(GuestFacts, CountNoBarsBelowFourGibibytes) {
  auto host = gh200_host();
  host.gpus[0].bars.push_back({5, 0xE000, 128, 0x40101});
  EXPECT_EQ(describe(host)->gpus[0].aperture_bytes.value,
            16 * kMiB + 2 * kGiB + 128 * kGiB);
}

TEST(GuestFacts, TakeDistancesFromSlit) {
  const auto request = describe(gh200_host());
  ASSERT_TRUE(request);
  const auto& gpu = request->gpus[0];
  EXPECT_THAT(gpu.distance_to_local_cpu,
              Optional(Fact<unsigned>{80, Source::slit}));
  EXPECT_THAT(gpu.distance_within, Optional(Fact<unsigned>{11, Source::slit}));
  EXPECT_THAT(gpu.distance_to_remote_cpu, Eq(std::nullopt));
  EXPECT_THAT(gpu.distance_to_peers, Eq(std::nullopt));
}

TEST(GuestFacts, TakeDistancesFromSysfsWithoutSlit) {
  auto host = gh200_host();
  host.acpi.slit.reset();
  const auto request = describe(host);
  ASSERT_TRUE(request);
  EXPECT_THAT(request->gpus[0].distance_to_local_cpu,
              Optional(Fact<unsigned>{80, Source::sysfs}));
  EXPECT_THAT(request->gpus[0].distance_within,
              Optional(Fact<unsigned>{11, Source::sysfs}));
}

TEST(GuestFacts, KnowNoDistanceThatSysfsDoesNotHold) {
  auto host = gh200_host();
  host.acpi.slit.reset();
  host.numa.nodes[0].distances.resize(1);
  EXPECT_FALSE(describe(host)->gpus[0].distance_to_local_cpu);
}

TEST(GuestFacts, GiveEachSocketACellAndEachGpuItsOwn) {
  const auto request = describe(nvl2_host());
  ASSERT_TRUE(request);
  ASSERT_EQ(request->cpu_cells.size(), 2U);
  EXPECT_EQ(request->cpu_cells[0].host_node, 0U);
  EXPECT_EQ(request->cpu_cells[1].host_node, 1U);
  EXPECT_THAT(request->distance_between_cpus,
              Optional(Fact<unsigned>{40, Source::slit}));
  EXPECT_EQ(request->gpus[0].socket, 0U);
  EXPECT_EQ(request->gpus[1].socket, 1U);
}

TEST(GuestFacts, TellLocalFromRemoteAndPeerDistances) {
  const auto request = describe(nvl2_host());
  ASSERT_TRUE(request);
  const auto& first = request->gpus[0];
  EXPECT_EQ(first.distance_to_local_cpu->value, 80U);
  EXPECT_EQ(first.distance_to_remote_cpu->value, 120U);
  EXPECT_EQ(first.distance_within->value, 11U);
  EXPECT_EQ(first.distance_to_peers->value, 40U);
  const auto& second = request->gpus[1];
  EXPECT_EQ(second.distance_to_local_cpu->value, 81U);
  EXPECT_EQ(second.distance_to_remote_cpu->value, 121U);
  EXPECT_EQ(second.distance_within->value, 12U);
}

TEST(GuestFacts, KnowTheUsualHugePageFromTheKernelsPage) {
  auto host = gh200_host();
  EXPECT_THAT(usual_huge_page(host), Optional(512 * kMiB));
  host.kernel.page_size->value = 4 * kKiB;
  EXPECT_THAT(usual_huge_page(host), Optional(2 * kMiB));
  host.kernel.command_line = "quiet default_hugepagesz=1G hugepages=4";
  EXPECT_THAT(usual_huge_page(host), Optional(kGiB));
  EXPECT_EQ(describe(host)->huge_page_bytes, kGiB);
}

TEST(GuestFacts, SayHowMuchMemoryTheNodesHave) {
  const auto request = describe(nvl2_host());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->cpu_cells[0].host_bytes, 490037 * kMiB);
  EXPECT_EQ(request->cpu_cells[1].host_bytes, 0U);  // not known
}

TEST(GuestFacts, PutAGpuOfNoSocketBesideTheFirst) {
  auto host = gh200_host();
  host.gpus[0].numa_node.reset();
  const auto request = describe(host);
  ASSERT_TRUE(request);
  ASSERT_EQ(request->cpu_cells.size(), 1U);
  EXPECT_EQ(request->cpu_cells[0].host_node, 0U);
  EXPECT_EQ(request->gpus[0].socket, 0U);
}

TEST(GuestFacts, AreRefusedForAGpuOfUnknownMemory) {
  auto host = gh200_host();
  host.acpi.dsds.clear();
  const auto request = describe(host);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::not_viable);
  EXPECT_EQ(request.error().subject, "0009:01:00.0");
  EXPECT_EQ(request.error().hint, "nvgpuctl explain 0009:01:00.0 says why");
}

TEST(GuestFacts, NeedRootWhereItAloneReadsTheTables) {
  auto host = gh200_host();
  host.live = true;
  host.acpi.dsds.clear();
  host.acpi.unreadable.emplace_back("/sys/firmware/acpi/tables/SSDT3");
  const auto request = describe(host);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::permission);
  EXPECT_EQ(request.error().hint, "run as root");
}

}  // namespace
}  // namespace nvgpuctl
