// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace nvgpuctl::gpusim {
namespace {

using testing::ElementsAre;
using RawHeader = std::array<std::uint8_t, kHeaderSize>;

// Message 7, region read, 32 bytes.
RawHeader raw_header(std::uint8_t flags, std::array<std::uint8_t, 4> size) {
  return {7,     0, 9, 0, size[0], size[1], size[2], size[3],
          flags, 0, 0, 0, 0,       0,       0,       0};
}

std::string error_of(const RawHeader& raw) {
  const auto header = parse_header(raw);
  return header ? "none"
                : header.error().subject + " " + header.error().problem;
}

TEST(Protocol, ReadsAHeader) {
  const auto header = parse_header(raw_header(0, {32, 0, 0, 0}));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->id, 7);
  EXPECT_EQ(header->command, 9);
  EXPECT_EQ(header->size, 32U);
  EXPECT_TRUE(header->wants_reply());
}

TEST(Protocol, KnowsRequestsThatWantNoReply) {
  const auto header = parse_header(raw_header(0x10, {32, 0, 0, 0}));
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->wants_reply());
}

TEST(Protocol, RefusesSizesThatNoMessageHas) {
  EXPECT_EQ(error_of(raw_header(0, {15, 0, 0, 0})),
            "message 7 has 15 bytes; possible are 16 to 65568");
  EXPECT_EQ(error_of(raw_header(0, {0xFF, 0xFF, 0xFF, 0xFF})),
            "message 7 has 4294967295 bytes; possible are 16 to 65568");
}

TEST(Protocol, RefusesReplies) {
  EXPECT_EQ(error_of(raw_header(1, {32, 0, 0, 0})),
            "message 7 is no request: flags 0x1");
}

TEST(Protocol, ReadsARegionAccess) {
  const auto access =
      parse_region_access(Writer().add(0x1498ULL).add(2U).add(4U).take());
  ASSERT_TRUE(access);
  EXPECT_EQ(access->offset, 0x1498U);
  EXPECT_EQ(access->region, 2U);
  EXPECT_EQ(access->count, 4U);
}

TEST(Protocol, RefusesRegionAccessesThatAreShortOrHuge) {
  EXPECT_FALSE(parse_region_access(Writer().add(0ULL).add(0U).take()));
  EXPECT_FALSE(
      parse_region_access(Writer().add(0ULL).add(0U).add(65537U).take()));
}

TEST(Protocol, WritesReplies) {
  const Header request{7, 9, 32, 0};
  EXPECT_THAT(
      encode_reply(request, std::vector<std::uint8_t>{0xAB}),
      ElementsAre(7, 0, 9, 0, 17, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xAB));
  EXPECT_THAT(encode_error(request, 22),
              ElementsAre(7, 0, 9, 0, 16, 0, 0, 0, 0x21, 0, 0, 0, 22, 0, 0, 0));
}

}  // namespace
}  // namespace nvgpuctl::gpusim
