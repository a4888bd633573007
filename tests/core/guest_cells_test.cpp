// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_cells.hpp"

#include <gmock/gmock.h>

#include "support/domain_requests.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

DomainRequest request_for(unsigned cells) {
  DomainRequest request = hopper_request();
  request.cpu_cells.clear();
  for (unsigned node = 0; node < cells; ++node) {
    request.cpu_cells.push_back({.host_node = node});
  }
  return request;
}

std::vector<std::uint64_t> mebibytes(const DomainRequest& request) {
  std::vector<std::uint64_t> out;
  const auto cells = split_cpus(request);
  for (const GuestCpuCell& cell : *cells) {
    out.push_back(cell.memory_kib / kKiB);
  }
  return out;
}

std::vector<unsigned> vcpus(const DomainRequest& request) {
  std::vector<unsigned> out;
  const auto cells = split_cpus(request);
  for (const GuestCpuCell& cell : *cells) {
    out.push_back(cell.vcpus);
  }
  return out;
}

TEST(GuestCells, HaveWholeHugePages) {
  DomainRequest request = request_for(3);
  request.room.page_bytes = 512 * kMiB;
  EXPECT_THAT(mebibytes(request), ElementsAre(22016, 22016, 21504));
  request = request_for(2);
  request.memory_bytes = 33280 * kMiB;
  request.room.page_bytes = 512 * kMiB;
  EXPECT_THAT(mebibytes(request), ElementsAre(16896, 16384));
}

TEST(GuestCells, GiveWhatIsNoPageToTheFirst) {
  DomainRequest request = request_for(2);
  request.memory_bytes = 2050 * kMiB;
  request.room.page_bytes = kGiB;
  EXPECT_THAT(mebibytes(request), ElementsAre(1026, 1024));
}

TEST(GuestCells, DoNotTakeAPageApart) {
  DomainRequest request = request_for(2);
  request.memory_bytes = 512 * kMiB;
  request.room.page_bytes = 512 * kMiB;
  const auto cells = split_cpus(request);
  ASSERT_FALSE(cells);
  EXPECT_EQ(cells.error().problem,
            "512 MiB in huge pages of 512 MiB cannot be split over 2 CPU "
            "cells");
  // This one had no whole pages before.
  request.memory_bytes = 768 * kMiB;
  EXPECT_THAT(mebibytes(request), ElementsAre(384, 384));
}

TEST(GuestCells, DoNotShareACore) {
  DomainRequest request = request_for(3);
  request.vcpus = 16;
  request.room.vcpu_groups = {2, 16};
  EXPECT_THAT(vcpus(request), ElementsAre(6, 6, 4));
}

TEST(GuestCells, HaveWholeSocketsWhereEachHasAsMany) {
  DomainRequest request = request_for(2);
  request.vcpus = 24;
  request.room.vcpu_groups = {2, 6};
  EXPECT_THAT(vcpus(request), ElementsAre(12, 12));
  // Three sockets of eight are no two cells, twelve cores are.
  request.room.vcpu_groups = {2, 8};
  EXPECT_THAT(vcpus(request), ElementsAre(12, 12));
}

TEST(GuestCells, AreSplitByVcpusWhereCoresDoNotSuffice) {
  DomainRequest request = request_for(2);
  request.vcpus = 2;
  request.room.vcpu_groups = {2};
  EXPECT_THAT(vcpus(request), ElementsAre(1, 1));
}

}  // namespace
}  // namespace nvgpuctl
