// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cell_distances.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;

using Distances = std::vector<std::pair<unsigned, unsigned>>;

// Cells 0, 1, … with what each says of others.
std::vector<DomainCell> cells(const std::vector<Distances>& said) {
  std::vector<DomainCell> all;
  for (unsigned id = 0; id < said.size(); ++id) {
    DomainCell cell;
    cell.id = id;
    cell.distances = said[id];
    all.push_back(std::move(cell));
  }
  return all;
}

TEST(LibvirtDistances, AreNotPassedOnWhereNothingButDefaultsIsSaid) {
  EXPECT_FALSE(libvirt_distances(cells({{}, {}})));
  EXPECT_FALSE(libvirt_distances(cells({{{0, 10}, {1, 20}}, {{0, 20}}})));
}

TEST(LibvirtDistances, AreAllPassedOnOnceOneIsSaid) {
  const auto said = libvirt_distances(cells({{{1, 21}}, {}, {}}));
  ASSERT_TRUE(said);
  EXPECT_THAT(*said,
              ElementsAre(ElementsAre(10, 21, 20), ElementsAre(21, 10, 20),
                          ElementsAre(20, 20, 10)));
  EXPECT_FALSE(is_asymmetric(*said));
}

// A cell that says something of one other says nothing of the third, which is
// no default.
TEST(LibvirtDistances, ArePassedOnWhereAPairIsLeftOut) {
  const auto said = libvirt_distances(cells({{{1, 20}}, {}, {}}));
  ASSERT_TRUE(said);
  EXPECT_THAT((*said)[0], ElementsAre(10, 20, 20));
}

TEST(LibvirtDistances, KeepTwoValuesOfAPair) {
  const auto said = libvirt_distances(cells({{{1, 21}}, {{0, 31}}}));
  ASSERT_TRUE(said);
  EXPECT_THAT(*said, ElementsAre(ElementsAre(10, 21), ElementsAre(31, 10)));
  EXPECT_TRUE(is_asymmetric(*said));
}

TEST(LibvirtDistances, AreNoneForCellsThatLibvirtRefuses) {
  auto twice = cells({{{1, 21}}, {}});
  twice[1].id = 0;
  EXPECT_FALSE(libvirt_distances(twice));
  EXPECT_FALSE(libvirt_distances(cells({{{7, 21}}, {}})));
}

}  // namespace
}  // namespace nvgpuctl
