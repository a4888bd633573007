// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_memory.hpp"

#include <gmock/gmock.h>

#include <string>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using testing::Optional;

Domain read(const std::string& inner) {
  auto domain = read_domain("<domain>" + inner + "</domain>", "guest.xml");
  EXPECT_TRUE(domain);
  return domain.value_or(Domain());
}

const std::string kMemory = "<memory unit='GiB'>64</memory>";
const std::string kCells =
    "<cpu><numa><cell cpus='0' memory='8' unit='GiB'/>"
    "<cell cpus='1' memory='16' unit='GiB'/><cell memory='0'/></numa></cpu>";
const std::string kDimm =
    "<devices><memory model='dimm'><target><size unit='GiB'>4</size></target>"
    "</memory></devices>";

TEST(TotalMemory, IsThatOfCellsAndDevicesWhateverMemorySays) {
  EXPECT_THAT(total_memory(read(kMemory + kCells + kDimm)),
              Optional(28 * kGiB));
  EXPECT_THAT(memory_for_cells(read(kMemory + kCells + kDimm)),
              Optional(24 * kGiB));
}

TEST(TotalMemory, IsWhatMemorySaysWithoutCells) {
  EXPECT_THAT(total_memory(read(kMemory + kDimm)), Optional(64 * kGiB));
  EXPECT_THAT(memory_for_cells(read(kMemory + kDimm)), Optional(60 * kGiB));
  EXPECT_EQ(total_memory(read(kDimm)), std::nullopt);
}

std::string pages(const std::string& inner) {
  return "<memoryBacking><hugepages>" + inner + "</hugepages></memoryBacking>";
}

TEST(HugePage, IsThatOfTheCellBeforeThatOfAll) {
  const Domain domain =
      read(pages("<page size='2' unit='MiB'/>"
                 "<page size='1' unit='GiB' nodeset='1'/>"));
  EXPECT_THAT(huge_page_of(domain, 0, kGiB), Optional(2 * kMiB));
  EXPECT_THAT(huge_page_of(domain, 1, kGiB), Optional(kGiB));
  EXPECT_EQ(largest_huge_page(domain, 16 * kGiB), kGiB);
}

TEST(HugePage, IsTheUsualOneWhereNoneIsNamed) {
  EXPECT_THAT(huge_page_of(read(pages("")), 0, kGiB), Optional(kGiB));
  EXPECT_EQ(largest_huge_page(read(pages("")), kGiB), kGiB);
  EXPECT_EQ(huge_page_of(read(""), 0, kGiB), std::nullopt);
  EXPECT_EQ(largest_huge_page(read(""), kGiB), 0U);
}

}  // namespace
}  // namespace nvgpuctl
