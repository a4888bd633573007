// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

std::vector<unsigned> bus_numbers(const GuestTopology& guest) {
  std::vector<unsigned> numbers;
  for (const ExpanderBus& bus : guest.buses) {
    numbers.push_back(bus.bus_number);
  }
  return numbers;
}

TEST(GuestTopology, NumbersTheGpusCellsAfterTheCpuCells) {
  const auto guest = plan_guest(two_socket_request());
  ASSERT_TRUE(guest);
  EXPECT_THAT(guest->gpu_cells,
              ElementsAre(CellRange{2, 8}, CellRange{10, 8}, CellRange{18, 8},
                          CellRange{26, 8}));
}

TEST(GuestTopology, GivesWhatDoesNotDivideToTheFirstCells) {
  DomainRequest request = two_socket_request();
  request.cpu_cells = {{.host_node = 0}, {.host_node = 1}, {.host_node = 3}};
  request.vcpus = 17;
  request.memory_bytes = 1000 * kMiB;
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_THAT(guest->cpu_cells,
              ElementsAre(GuestCpuCell{0, 0, 6, 334 * 1024ULL},
                          GuestCpuCell{1, 6, 6, 333 * 1024ULL},
                          GuestCpuCell{3, 12, 5, 333 * 1024ULL}));
}

TEST(GuestTopology, TakesTheHostsDistances) {
  const auto guest = plan_guest(two_socket_request());
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->distances[0][0], 10U);
  EXPECT_EQ(guest->distances[0][1], 40U);
  EXPECT_EQ(guest->distances[0][2], 80U);
  EXPECT_EQ(guest->distances[0][18], 120U);
  EXPECT_EQ(guest->distances[2][3], 11U);
  EXPECT_EQ(guest->distances[2][10], 40U);
  EXPECT_EQ(guest->distances[33][26], 11U);
}

TEST(GuestTopology, IsFarFromAKeptCellThatIsBoundToAnotherSocket) {
  DomainRequest request = two_socket_request();
  request.gpus = {hopper_gpu(0x19, 1)};
  request.room.cells = {{.host_nodes = {0}}};
  EXPECT_EQ(plan_guest(request)->distances[0][1], 120U);
  request.room.cells = {{}};  // nobody knows where it is
  EXPECT_EQ(plan_guest(request)->distances[0][1], 80U);
}

TEST(GuestTopology, IsBesideTheCellThatIsBoundToItsSocketAlone) {
  DomainRequest request = two_socket_request();
  request.room.cells = {{.host_nodes = {0, 1}}, {.host_nodes = {1}}};
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->buses[0].cpu_cell, 0U);
  EXPECT_EQ(guest->buses[2].cpu_cell, 1U);
}

TEST(GuestTopology, SubstitutesDistancesThatTheHostDoesNotName) {
  DomainRequest request = two_socket_request();
  request.distance_between_cpus.reset();
  for (GuestGpu& gpu : request.gpus) {
    gpu.distance_to_local_cpu.reset();
    gpu.distance_to_remote_cpu.reset();
    gpu.distance_within.reset();
    gpu.distance_to_peers.reset();
  }
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->distances[0][1], 40U);
  EXPECT_EQ(guest->distances[0][2], 80U);
  EXPECT_EQ(guest->distances[0][18], 120U);
  EXPECT_EQ(guest->distances[2][3], 11U);
  EXPECT_EQ(guest->distances[2][10], 40U);
}

TEST(GuestTopology, TakesTheLargerOfTwoDistancesBetweenGpus) {
  DomainRequest request = two_socket_request();
  request.gpus[0].distance_to_peers = Fact<unsigned>{30, Source::slit};
  request.gpus[1].distance_to_peers = Fact<unsigned>{35, Source::slit};
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->distances[2][10], 35U);
  EXPECT_EQ(guest->distances[10][2], 35U);
}

TEST(ChooseDistance, KeepsASaneValueAndItsSource) {
  const auto distance = choose_distance(Fact<unsigned>{80, Source::slit}, 40);
  EXPECT_EQ(distance.value, 80U);
  EXPECT_EQ(distance.source, Source::slit);
  EXPECT_EQ(distance.note, "");
}

TEST(ChooseDistance, RaisesTenToElevenBecauseLibvirtRefusesIt) {
  const auto distance = choose_distance(Fact<unsigned>{10, Source::slit}, 40);
  EXPECT_EQ(distance.value, 11U);
  EXPECT_EQ(distance.note,
            "slit says 10, which libvirt takes only from a cell to itself");
}

TEST(ChooseDistance, ReplacesUnreachable) {
  const auto olds = choose_distance(Fact<unsigned>{255, Source::slit}, 11);
  EXPECT_EQ(olds.value, 11U);
  EXPECT_EQ(olds.source, Source::assumed);
  EXPECT_EQ(olds.note, "slit says 255, which means unreachable");
  EXPECT_EQ(choose_distance(Fact<unsigned>{254, Source::sysfs}, 40).value, 40U);
  EXPECT_EQ(choose_distance(Fact<unsigned>{253, Source::sysfs}, 40).value,
            253U);
}

TEST(ChooseDistance, ReplacesValuesBelowTheDiagonals) {
  const auto distance = choose_distance(Fact<unsigned>{0, Source::slit}, 80);
  EXPECT_EQ(distance.value, 80U);
  EXPECT_EQ(distance.note, "slit says 0, which is no distance");
}

TEST(GuestTopology, CountsBusNumbersDownFrom253) {
  const auto guest = plan_guest(two_socket_request());
  ASSERT_TRUE(guest);
  EXPECT_THAT(bus_numbers(*guest), ElementsAre(253, 251, 249, 247));
  EXPECT_EQ(guest->buses[1].controller, 3U);
  EXPECT_EQ(guest->buses[1].ports.at(0).controller, 4U);
  EXPECT_EQ(guest->buses[2].cpu_cell, 1U);
}

TEST(GuestTopology, PutsGpusOfOneSmmuOnOneBusForAVirtualIommu) {
  DomainRequest request = two_socket_request();
  request.viommu = Viommu::accel;
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_THAT(bus_numbers(*guest), ElementsAre(252, 249));
  ASSERT_EQ(guest->buses[1].ports.size(), 2U);
  EXPECT_EQ(guest->buses[1].controller, 4U);
  EXPECT_EQ(guest->buses[1].ports[1].controller, 6U);
  EXPECT_EQ(guest->buses[1].ports[1].slot, 1U);
  EXPECT_EQ(guest->buses[1].ports[1].gpu, 3U);
}

TEST(GuestTopology, DoesNotGuessThatGpusWithoutAKnownSmmuShareOne) {
  DomainRequest request = two_socket_request();
  request.viommu = Viommu::accel;
  for (GuestGpu& gpu : request.gpus) {
    gpu.smmu.reset();
  }
  const auto guest = plan_guest(request);
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->buses.size(), 4U);
}

std::vector<GuestGpu> gpus_of(std::size_t count, std::uint64_t aperture,
                              std::uint64_t largest) {
  GuestGpu gpu;
  gpu.aperture_bytes.value = aperture;
  gpu.largest_bar.value = largest;
  std::vector<GuestGpu> gpus;
  gpus.resize(count, gpu);
  return gpus;
}

TEST(PciWindow, HasATebibyteForEachGh200) {
  const std::uint64_t aperture = 130 * kGiB + 16 * kMiB;
  EXPECT_EQ(pci_window(gpus_of(1, aperture, 128 * kGiB)), 1 * kTiB);
  EXPECT_EQ(pci_window(gpus_of(2, aperture, 128 * kGiB)), 2 * kTiB);
  EXPECT_EQ(pci_window(gpus_of(4, aperture, 128 * kGiB)), 4 * kTiB);
}

TEST(PciWindow, IsWhatNvidiaNamesForFourBlackwells) {
  EXPECT_EQ(pci_window(gpus_of(4, 512 * kGiB + 64 * kMiB, 256 * kGiB)),
            4 * kTiB);
  EXPECT_EQ(pci_window(gpus_of(4, 1024 * kGiB + 64 * kMiB, 512 * kGiB)),
            8 * kTiB);
}

TEST(PciWindow, IsNothingWhenTheGpusDoNotFitInTheAddressSpace) {
  EXPECT_EQ(pci_window(gpus_of(1, 1ULL << 47, 1ULL << 47)), 0U);
  EXPECT_EQ(pci_window(gpus_of(1, ~0ULL, 128 * kGiB)), 0U);
  EXPECT_EQ(pci_window(gpus_of(300, 512 * kGiB, 256 * kGiB)), 0U);
}

Error error_of(const DomainRequest& request) {
  auto guest = plan_guest(request);
  return guest ? Error{} : guest.error();
}

TEST(GuestTopology, RefusesAGpuWithoutItsCpuCell) {
  DomainRequest request = hopper_request();
  request.gpus[0].socket = 1;
  EXPECT_EQ(error_of(request).code, Errc::usage);
  EXPECT_EQ(error_of(request).subject, "0009:01:00.0");
  EXPECT_EQ(error_of(request).problem,
            "is local to CPU cell 1, but the guest has 1");
}

TEST(GuestTopology, RefusesABarThatIsNoPowerOfTwo) {
  DomainRequest request = hopper_request();
  request.gpus[0].largest_bar.value = 95 * kGiB;
  EXPECT_EQ(error_of(request).code, Errc::malformed);
  EXPECT_EQ(error_of(request).problem,
            "its largest BAR is 102005473280 bytes, which no BAR can be");
  request.gpus[0].largest_bar.value = 0;
  EXPECT_EQ(error_of(request).code, Errc::malformed);
}

TEST(GuestTopology, RefusesBarsThatAddUpToLessThanTheLargest) {
  DomainRequest request = hopper_request();
  request.gpus[0].aperture_bytes.value = 64 * kGiB;
  EXPECT_EQ(error_of(request).problem,
            "its BARs add up to 64 GiB, with 128 GiB for the largest alone");
}

TEST(GuestTopology, RefusesLessThanOneVcpuPerCell) {
  DomainRequest request = two_socket_request();
  request.vcpus = 1;
  EXPECT_EQ(error_of(request).problem,
            "1 vCPUs and 64 GiB cannot be split over 2 CPU cells");
  request.vcpus = 2;
  request.memory_bytes = 1 * kMiB;
  EXPECT_EQ(error_of(request).code, Errc::usage);
}

TEST(GuestTopology, RefusesAGuestWithoutCpuCells) {
  DomainRequest request = hopper_request();
  request.cpu_cells.clear();
  EXPECT_EQ(error_of(request).problem, "the guest has no CPU cell");
}

TEST(GuestTopology, RefusesMoreCellsThanQemuHas) {
  DomainRequest request = hopper_request();
  request.gpus.resize(15, hopper_gpu());
  EXPECT_TRUE(plan_guest(request));
  request.gpus.resize(16, hopper_gpu());
  EXPECT_EQ(error_of(request).code, Errc::usage);
  EXPECT_EQ(error_of(request).problem,
            "16 GPUs need more than 128 NUMA cells, QEMU's limit");
}

// Random guests within the limits.
DomainRequest random_request(std::mt19937& random) {
  const auto pick = [&random](unsigned low, unsigned high) {
    return std::uniform_int_distribution<unsigned>(low, high)(random);
  };
  DomainRequest request = hopper_request();
  const unsigned sockets = pick(1, 4);
  request.cpu_cells.resize(sockets);
  request.vcpus = pick(sockets, 300);
  request.memory_bytes = (sockets + pick(0, 1 << 20)) * kMiB;
  request.viommu = pick(0, 1) == 0 ? Viommu::none : Viommu::accel;
  request.gpus.clear();
  for (unsigned i = pick(1, 12); i > 0; --i) {
    GuestGpu gpu = hopper_gpu(i, pick(0, sockets - 1));
    gpu.smmu = std::to_string(pick(0, 3));
    gpu.distance_to_peers = Fact<unsigned>{pick(0, 255), Source::slit};
    gpu.distance_to_local_cpu = Fact<unsigned>{pick(0, 255), Source::slit};
    gpu.distance_within = Fact<unsigned>{pick(0, 255), Source::slit};
    request.gpus.push_back(gpu);
  }
  return request;
}

void expect_contiguous_cells(const DomainRequest& request,
                             const GuestTopology& guest) {
  unsigned vcpus = 0;
  for (const GuestCpuCell& cell : guest.cpu_cells) {
    EXPECT_EQ(cell.first_vcpu, vcpus);
    EXPECT_GE(cell.vcpus, 1U);
    EXPECT_GE(cell.memory_kib, 1024U);
    vcpus += cell.vcpus;
  }
  EXPECT_EQ(vcpus, request.vcpus);
  std::size_t next = guest.cpu_cells.size();
  for (const CellRange& cells : guest.gpu_cells) {
    EXPECT_EQ(cells.first, next);
    EXPECT_EQ(cells.count, 8U);
    next += 8;
  }
  EXPECT_EQ(guest.distances.size(), next);
}

void expect_usable_distances(const GuestTopology& guest) {
  const auto& matrix = guest.distances;
  for (std::size_t a = 0; a < matrix.size(); ++a) {
    ASSERT_EQ(matrix[a].size(), matrix.size());
    EXPECT_EQ(matrix[a][a], 10U);
    for (std::size_t b = 0; b < a; ++b) {
      EXPECT_EQ(matrix[a][b], matrix[b][a]);
      EXPECT_GE(matrix[a][b], 11U);
      EXPECT_LE(matrix[a][b], 253U);
    }
  }
}

void expect_disjoint_buses(const DomainRequest& request,
                           const GuestTopology& guest) {
  unsigned above = 255;
  std::vector<std::size_t> gpus;
  unsigned next_controller = 1;
  for (const ExpanderBus& bus : guest.buses) {
    EXPECT_EQ(bus.controller, next_controller++);
    // Its own number and one for each port, before the next bus up.
    EXPECT_EQ(bus.bus_number + 1 + bus.ports.size(), above);
    above = bus.bus_number;
    for (const RootPort& port : bus.ports) {
      EXPECT_EQ(port.controller, next_controller++);
      EXPECT_EQ(request.gpus[port.gpu].socket, bus.cpu_cell);
      gpus.push_back(port.gpu);
    }
  }
  EXPECT_GT(above, next_controller);
  std::sort(gpus.begin(), gpus.end());
  ASSERT_EQ(gpus.size(), request.gpus.size());
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    EXPECT_EQ(gpus[i], i);
  }
}

TEST(GuestTopology, KeepsItsPromisesForAnyGuest) {
  std::mt19937 random(20240229);
  for (int i = 0; i < 500; ++i) {
    const DomainRequest request = random_request(random);
    const auto guest = plan_guest(request);
    ASSERT_TRUE(guest) << guest.error().problem;
    expect_contiguous_cells(request, *guest);
    expect_usable_distances(*guest);
    expect_disjoint_buses(request, *guest);
    if (HasFailure()) {
      FAIL() << "round " << i;
    }
  }
}

}  // namespace
}  // namespace nvgpuctl
