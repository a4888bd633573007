// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/bar_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace nvgpuctl::gpusim {
namespace {

using testing::Each;
using testing::ElementsAre;

std::vector<std::uint8_t> read_bytes(const BarMemory& memory,
                                     std::uint64_t offset, std::size_t count) {
  std::vector<std::uint8_t> out(count, 0xEE);
  memory.read(offset, out);
  return out;
}

TEST(BarMemory, ReadsZeroWhereNothingWasWritten) {
  const BarMemory memory;
  EXPECT_THAT(read_bytes(memory, 0x1F'FFFF'FFF0, 8), Each(0));
}

TEST(BarMemory, KeepsAWriteThatSpansTwoPages) {
  BarMemory memory;
  memory.write(0xFFE, std::vector<std::uint8_t>{1, 2, 3, 4});
  EXPECT_THAT(read_bytes(memory, 0xFFD, 6), ElementsAre(0, 1, 2, 3, 4, 0));
  EXPECT_EQ(memory.pages(), 2U);
}

TEST(BarMemory, DropsWhatItHasNoRoomFor) {
  BarMemory memory;
  const std::vector<std::uint8_t> byte{7};
  for (std::uint64_t page = 0; page < 300; ++page) {
    memory.write(page * 4096, byte);
  }
  EXPECT_EQ(memory.pages(), 256U);
  EXPECT_THAT(read_bytes(memory, 255ULL * 4096, 1), ElementsAre(7));
  EXPECT_THAT(read_bytes(memory, 256ULL * 4096, 1), ElementsAre(0));
  // What is there already can still change.
  memory.write(4096, std::vector<std::uint8_t>{9});
  EXPECT_THAT(read_bytes(memory, 4096, 1), ElementsAre(9));
}

TEST(BarMemory, ForgetsEverythingWhenCleared) {
  BarMemory memory;
  memory.write(0, std::vector<std::uint8_t>{1});
  memory.clear();
  EXPECT_THAT(read_bytes(memory, 0, 1), ElementsAre(0));
}

}  // namespace
}  // namespace nvgpuctl::gpusim
