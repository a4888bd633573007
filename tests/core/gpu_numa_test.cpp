// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_host.hpp"

namespace nvgpuctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

HostSnapshot host_of_an_ordinary_user() {
  auto host = gh200_host();
  host.acpi = {};
  host.acpi.unreadable = {"/sys/firmware/acpi/tables/SRAT"};
  return host;
}

TEST(GpuNodes, ComeFromTheGenericInitiatorsOfSrat) {
  const auto gpu = only_gpu(gh200_host());
  ASSERT_TRUE(gpu.gi_nodes);
  EXPECT_THAT(gpu.gi_nodes->pxms, ElementsAre(8, 9, 10, 11, 12, 13, 14, 15));
  EXPECT_THAT(gpu.gi_nodes->nodes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(gpu.gi_nodes->source, Source::srat);
}

TEST(GpuNodes, ComeFromDsdWithFirmwareOfGenerationA) {
  const auto gpu = only_gpu(gh200_generation_a_host());
  ASSERT_TRUE(gpu.gi_nodes);
  EXPECT_THAT(gpu.gi_nodes->nodes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(gpu.gi_nodes->source, Source::dsd);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W023: distance between proximity domains 8 and "
                          "9 is 255",
                          "NVG-I024: proximity domains 8-15"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuNodes, AreNotThoseOfAnotherGpu) {
  auto host = gh200_host();
  for (auto& initiator : host.acpi.srat->generic_initiators) {
    initiator.address = {8, 1, 0, 0};
  }
  host.acpi.dsds[0].properties.resize(2);
  const auto gpu = only_gpu(host);
  EXPECT_FALSE(gpu.gi_nodes);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-E018: 0 of 8 nodes: proximity domains (none) "
                          "map to nodes (none)"));
}

TEST(GpuNodes, AreNotThoseOfDisabledInitiators) {
  auto host = gh200_host();
  host.acpi.srat->generic_initiators[7].enabled = false;
  host.acpi.dsds[0].properties.resize(2);
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E018: 7 of 8 nodes: proximity domains 8-14 map "
                          "to nodes 1-7"));
}

TEST(GpuNodes, OfDsdAndSratMustBeTheSame) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties[2].value = std::uint64_t{16};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-E017: SRAT: proximity domains 8-15; _DSD: "
                          "16-23"));
  EXPECT_EQ(gpu.state, GpuState::blocked);
}

TEST(GpuNodes, MayBeMissingFromDsd) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties.resize(2);
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuNodes, OfAnAbsurdCountAreNotBelieved) {
  auto host = gh200_host();
  host.acpi.dsds[0].properties[3].value = std::uint64_t{1} << 40U;
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E016: nvidia,gpu-mem-pxm-start 8 and "
                          "nvidia,gpu-mem-pxm-count 1099511627776: Linux has "
                          "at most 1024 proximity domains"));
}

TEST(GpuNodes, AreReadInTheOldByteOrderWithAWarning) {
  auto host = gh200_host();
  for (auto& initiator : host.acpi.srat->generic_initiators) {
    initiator.old_byte_order = true;
  }
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W020: generic initiators of "
                                     "proximity domains 8-15"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuNodes, MustBeOnline) {
  auto host = gh200_host();
  host.numa.online = {0, 1, 2, 3};
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E018: nodes 4-8 are not online (online: 0-3)"));
}

TEST(GpuNodes, AreComparedWithWhatTheKernelCallsInitiators) {
  auto host = gh200_host();
  host.numa.generic_initiators = std::vector<unsigned>{2, 3, 4, 5, 6, 7, 8};
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W022: SRAT gives nodes 1-8, the "
                                     "kernel calls 2-8 generic initiators"));
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuNodes, AreNotComparedOnAKernelThatDoesNotTell) {
  auto host = gh200_host();
  host.numa.generic_initiators.reset();
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

// The row of `distance` of one node.
std::vector<unsigned>& row(HostSnapshot& host, unsigned node) {
  return host.numa.nodes.at(node).distances;
}

TEST(GpuNodes, AgreeWithSysfsOnAGoodHost) {
  EXPECT_THAT(said(only_gpu(gh200_host())), IsEmpty());
}

TEST(GpuNodes, AreDoubtedWhenNodesOfProcessorsHaveNone) {
  auto host = gh200_host();
  std::swap(host.numa.nodes[0].cpus, host.numa.nodes[3].cpus);
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu),
              ElementsAre("NVG-W022: SRAT gives nodes 0 processors, sysfs "
                          "shows none in 0",
                          "NVG-W022: SRAT gives the GPU nodes 1-8, sysfs shows "
                          "processors in 3"));
  EXPECT_EQ(gpu.findings[0].evidence, "/sys/devices/system/node/node0/cpulist");
  EXPECT_EQ(gpu.findings[1].evidence, "/sys/devices/system/node/node3/cpulist");
  EXPECT_EQ(gpu.state, GpuState::ready);
}

TEST(GpuNodes, AreDoubtedWhenMemoryIsInAnotherNode) {
  auto host = gh200_host();
  auto& nodes = host.numa.nodes;
  nodes.push_back({9, {}, nodes[0].memory_bytes, {}});
  nodes[0].memory_bytes = 0;
  host.numa.online.push_back(9);
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W022: SRAT gives nodes 0 memory, "
                                     "sysfs shows none in 0"));
  EXPECT_EQ(gpu.findings[0].evidence, "/sys/devices/system/node/node0/meminfo");
}

TEST(GpuNodes, AreDoubtedWhenTheirDistancesAreNotThoseOfSlit) {
  auto host = gh200_host();
  row(host, 0)[3] = 20;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W022: SLIT gives distance 80 from "
                                     "node 0 to 3, sysfs 20"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/devices/system/node/node0/distance");
}

TEST(GpuNodes, AreDoubtedOnceHoweverManyDistancesDiffer) {
  auto host = gh200_host();
  row(host, 1)[0] = 81;
  row(host, 1)[2] = 12;
  row(host, 8)[7] = 12;
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-W022: SLIT gives distance 80 from node 1 to 0, "
                          "sysfs 81; and 2 more"));
}

TEST(GpuNodes, AreNotDoubtedForDistancesBetweenOtherNodes) {
  auto host = gh200_host();
  row(host, 0)[0] = 99;
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuNodes, AreDoubtedWhenTheGpuSitsAtNoSocket) {
  auto host = gh200_host();
  host.gpus[0].numa_node = 2;
  const auto gpu = only_gpu(host);
  EXPECT_THAT(said(gpu), ElementsAre("NVG-W022: SRAT gives nodes 0 processors, "
                                     "the GPU is said to sit at node 2"));
  EXPECT_EQ(gpu.findings[0].evidence,
            "/sys/bus/pci/devices/0009:01:00.0/numa_node");
}

TEST(GpuNodes, AreNotDoubtedForWhatWasNotRecorded) {
  auto host = gh200_host();
  for (auto& node : host.numa.nodes) {
    node.cpus.clear();
    node.memory_bytes = 0;
    node.distances.clear();
  }
  host.gpus[0].numa_node.reset();
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
  row(host, 0) = {10, 99};  // cut off: which node is meant is not certain
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuNodes, NeedRoomInTheKernel) {
  auto host = gh200_host();
  host.kernel.config["CONFIG_NODES_SHIFT"] = "3";
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E051: SRAT describes 9 nodes, "
                          "CONFIG_NODES_SHIFT=3 has room for 8"));
}

TEST(GpuNodes, HaveRoomInAKernelWithJustEnough) {
  auto host = gh200_host();
  host.kernel.config["CONFIG_NODES_SHIFT"] = "4";
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
  host.kernel.config["CONFIG_NODES_SHIFT"] = "18446744073709551615";
  EXPECT_THAT(said(only_gpu(host)), IsEmpty());
}

TEST(GpuNodes, AreInferredFromSysfsWithoutPrivilege) {
  const auto gpu = only_gpu(host_of_an_ordinary_user());
  ASSERT_TRUE(gpu.gi_nodes);
  EXPECT_THAT(gpu.gi_nodes->nodes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(gpu.gi_nodes->pxms, IsEmpty());
  EXPECT_EQ(gpu.gi_nodes->source, Source::sysfs);
  EXPECT_THAT(said(gpu), Contains("NVG-W021: nodes 1-8"));
}

TEST(GpuNodes, OfTwoGpusAreInferredInTheOrderOfTheirAddresses) {
  auto host = host_of_an_ordinary_user();
  auto second = gh200_function();
  second.address = {0x19, 1, 0, 0};
  host.gpus.push_back(second);
  host.numa.online.clear();
  host.numa.generic_initiators->clear();
  for (unsigned node = 0; node < 18; ++node) {
    host.numa.online.push_back(node);
    if (node >= 2) {
      host.numa.generic_initiators->push_back(node);
    }
  }
  const auto gpus = assemble(host);
  EXPECT_THAT(gpus[0].gi_nodes->nodes, ElementsAre(2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(gpus[1].gi_nodes->nodes,
              ElementsAre(10, 11, 12, 13, 14, 15, 16, 17));
}

TEST(GpuNodes, AreNotInferredWhenTheirNumberDoesNotFit) {
  auto host = host_of_an_ordinary_user();
  host.numa.generic_initiators->pop_back();
  EXPECT_FALSE(only_gpu(host).gi_nodes);
}

TEST(GpuNodes, AreNotInferredAgainstTheirDistances) {
  auto host = host_of_an_ordinary_user();
  row(host, 2)[4] = 40;
  const auto gpu = only_gpu(host);
  EXPECT_FALSE(gpu.gi_nodes);
  EXPECT_THAT(said(gpu),
              Contains("NVG-W022: nodes 1-8 would be the GPU's, but distance "
                       "40 from node 2 to 4, within a GPU it is 11"));
}

TEST(GpuNodes, AreNotInferredFromNodesWithProcessors) {
  auto host = host_of_an_ordinary_user();
  host.numa.nodes[5].cpus = {72};
  const auto gpu = only_gpu(host);
  EXPECT_FALSE(gpu.gi_nodes);
  EXPECT_THAT(said(gpu), Contains("NVG-W022: nodes 1-8 would be the GPU's, but "
                                  "node 5 has processors"));
}

TEST(GpuNodes, AreNotInferredNearAnotherSocketThanTheGpus) {
  auto host = host_of_an_ordinary_user();
  host.numa.nodes.push_back({9, {72, 73}, 0, {}});
  host.numa.online.push_back(9);
  for (auto& node : host.numa.nodes) {
    node.distances.resize(10, 40);
  }
  const auto gpu = only_gpu(host);
  EXPECT_FALSE(gpu.gi_nodes);
  EXPECT_THAT(said(gpu),
              Contains("NVG-W022: nodes 1-8 would be the GPU's, but node 1 is "
                       "nearer to node 9 (40) than to the GPU's own socket, "
                       "node 0 (80)"));
}

TEST(GpuNodes, AreInferredWhereDistancesAreNotShown) {
  auto host = host_of_an_ordinary_user();
  for (auto& node : host.numa.nodes) {
    node.distances.clear();
  }
  EXPECT_TRUE(only_gpu(host).gi_nodes);
}

TEST(GpuNodes, AreMissingOnAHostWithoutSratWhenTheGuessIsContradicted) {
  auto host = gh200_host();
  host.acpi.srat.reset();
  row(host, 1)[2] = 12;
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E018: there is no usable SRAT",
                          "NVG-W022: nodes 1-8 would be the GPU's, but "
                          "distance 12 from node 1 to 2, within a GPU it is "
                          "11"));
}

TEST(GpuNodes, AreMissingOnAHostWithoutSrat) {
  auto host = gh200_host();
  host.acpi.srat.reset();
  host.numa.generic_initiators.reset();
  EXPECT_THAT(said(only_gpu(host)),
              ElementsAre("NVG-E018: there is no usable SRAT"));
}

}  // namespace
}  // namespace nvgpuctl
