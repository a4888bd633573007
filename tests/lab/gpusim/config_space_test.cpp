// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/config_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace nvgpuctl::gpusim {
namespace {

using testing::ElementsAre;

std::vector<std::uint8_t> read_bytes(const ConfigSpace& space,
                                     std::uint64_t offset, std::size_t count) {
  std::vector<std::uint8_t> out(count);
  space.read(offset, out);
  return out;
}

void write_bytes(ConfigSpace& space, std::uint64_t offset,
                 const std::vector<std::uint8_t>& data) {
  space.write(offset, data);
}

TEST(ConfigSpace, ChangesOnlyWritableBits) {
  ConfigSpace space;
  space.define<std::uint32_t>(0x10, 0x0000000C, 0xFFFF0000);
  write_bytes(space, 0x10, {0xFF, 0xFF, 0xFF, 0xFF});
  EXPECT_THAT(read_bytes(space, 0x10, 4), ElementsAre(0x0C, 0, 0xFF, 0xFF));
}

TEST(ConfigSpace, ClearsStatusBitsThatAreWrittenAsOnes) {
  ConfigSpace space;
  space.define<std::uint8_t>(0x06, 0, 0, 0xF0);
  space.put<std::uint8_t>(0x06, 0x30);
  write_bytes(space, 0x06, {0x1F});
  EXPECT_EQ(space.get<std::uint8_t>(0x06), 0x20);
}

TEST(ConfigSpace, TakesWritesThatSpanRegisters) {
  ConfigSpace space;
  space.define<std::uint16_t>(0x04, 0, 0xFFFF);
  space.define<std::uint16_t>(0x06, 0x0010);
  write_bytes(space, 0x05, {0xAB, 0xCD});
  EXPECT_THAT(read_bytes(space, 0x04, 4), ElementsAre(0, 0xAB, 0x10, 0));
}

TEST(ConfigSpace, GoesBackToItsFirstValuesAtAReset) {
  ConfigSpace space;
  space.define<std::uint16_t>(0x04, 0x0001, 0xFFFF);
  write_bytes(space, 0x04, {0xFF, 0xFF});
  space.reset();
  EXPECT_EQ(space.get<std::uint16_t>(0x04), 1);
}

TEST(ConfigSpace, ReadsAsOnesBehindItsEnd) {
  const ConfigSpace space;
  EXPECT_THAT(read_bytes(space, 4094, 4), ElementsAre(0, 0, 0xFF, 0xFF));
  EXPECT_THAT(read_bytes(space, 0xFFFFFFFFFFFFFFFF, 2),
              ElementsAre(0xFF, 0xFF));
}

TEST(ConfigSpace, DropsWritesBehindItsEnd) {
  ConfigSpace space;
  space.define<std::uint8_t>(4095, 0, 0xFF);
  write_bytes(space, 4095, {1, 2, 3});
  write_bytes(space, 0xFFFFFFFFFFFFFFFF, {1, 2});
  EXPECT_EQ(space.get<std::uint8_t>(4095), 1);
  EXPECT_EQ(space.get<std::uint8_t>(0), 0);
}

TEST(ConfigSpace, LinksCapabilitiesInTheOrderOfTheirDefinition) {
  ConfigSpace space;
  space.capability(0x60, 0x10).capability(0x40, 0x01);
  EXPECT_EQ(space.get<std::uint8_t>(0x34), 0x60);
  EXPECT_EQ(space.get<std::uint16_t>(0x60), 0x4010);
  EXPECT_EQ(space.get<std::uint16_t>(0x40), 0x0001);
}

TEST(ConfigSpace, LinksExtendedCapabilities) {
  ConfigSpace space;
  space.extended(0x100, 0x0019).dvsec(0xBA4, 0x10DE, 3, 0x10);
  EXPECT_EQ(space.get<std::uint32_t>(0x100), 0xBA410019U);
  EXPECT_EQ(space.get<std::uint32_t>(0xBA4), 0x00010023U);
  EXPECT_EQ(space.get<std::uint32_t>(0xBA8), 0x010010DEU);
  EXPECT_EQ(space.get<std::uint16_t>(0xBAC), 3);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
