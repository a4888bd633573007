// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/libvirt_values.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(LibvirtNumber, IsReadInTheThreeBasesOfStrtoul) {
  EXPECT_THAT(parse_libvirt_number("12"), Optional(12U));
  EXPECT_THAT(parse_libvirt_number("0x1f"), Optional(31U));
  EXPECT_THAT(parse_libvirt_number("017"), Optional(15U));
  EXPECT_THAT(parse_libvirt_number("0"), Optional(0U));
}

TEST(LibvirtNumber, IsNothingElse) {
  for (const auto* text : {"", "0x", "08", "-1", "1k", "one"}) {
    EXPECT_EQ(parse_libvirt_number(text), std::nullopt) << text;
  }
}

TEST(LibvirtDecimal, HasNoOtherBase) {
  EXPECT_THAT(parse_libvirt_decimal("08"), Optional(8U));
  EXPECT_THAT(parse_libvirt_decimal("010"), Optional(10U));
  EXPECT_EQ(parse_libvirt_decimal("0x8"), std::nullopt);
}

TEST(LibvirtSet, MayEndWithAComma) {
  EXPECT_THAT(parse_libvirt_set("0-2,"), Optional(ElementsAre(0, 1, 2)));
  EXPECT_EQ(parse_libvirt_set("0-2,,"), std::nullopt);
  EXPECT_EQ(parse_libvirt_set(","), std::nullopt);
}

TEST(LibvirtSet, TakesAwayWhatFollowsACaret) {
  EXPECT_THAT(parse_libvirt_set("0-3,8,^2"), Optional(ElementsAre(0, 1, 3, 8)));
  EXPECT_THAT(parse_libvirt_set("^2,2"), Optional(ElementsAre(2)));
  EXPECT_THAT(parse_libvirt_set(" 1 , 0 "), Optional(ElementsAre(0, 1)));
  EXPECT_THAT(parse_libvirt_set(""), Optional(IsEmpty()));
}

TEST(LibvirtSet, IsBounded) {
  EXPECT_TRUE(parse_libvirt_set("16383"));
  EXPECT_EQ(parse_libvirt_set("16384"), std::nullopt);
  EXPECT_EQ(parse_libvirt_set("0-4294967295"), std::nullopt);
}

// It takes a fifth of a second, and one by one some minutes.
TEST(LibvirtSet, IsReadSoonWhereATextNamesEverythingAgainAndAgain) {
  std::string text = "0-16383";
  while (text.size() < (4U << 20)) {
    text += ",0-16383,^7";
  }
  const auto start = std::chrono::steady_clock::now();
  const auto set = parse_libvirt_set(text);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_THAT(set, Optional(testing::SizeIs(16383)));
}

TEST(LibvirtSet, RefusesWhatLibvirtRefuses) {
  for (const auto* text : {"3-1", "^1-2", "1,,2", "a", "1-", "^"}) {
    EXPECT_EQ(parse_libvirt_set(text), std::nullopt) << text;
  }
}

TEST(LibvirtSize, KnowsPowersOfTwoAndOfTen) {
  EXPECT_THAT(parse_libvirt_size("1", "TiB"), Optional(1ULL << 40));
  EXPECT_THAT(parse_libvirt_size("2", "g"), Optional(2ULL << 30));
  EXPECT_THAT(parse_libvirt_size("2", "GB"), Optional(2'000'000'000ULL));
  EXPECT_THAT(parse_libvirt_size("7", "bytes"), Optional(7U));
}

TEST(LibvirtSize, IsInKibibytesWhereNothingElseIsSaid) {
  EXPECT_THAT(parse_libvirt_size("4", ""), Optional(4096U));
  EXPECT_THAT(parse_libvirt_size("4", "", "MiB"), Optional(4U << 20));
}

TEST(LibvirtSize, RefusesOverflowAndUnknownUnits) {
  EXPECT_EQ(parse_libvirt_size("16", "EiB"), std::nullopt);
  EXPECT_EQ(parse_libvirt_size("18446744073709551615", "KiB"), std::nullopt);
  EXPECT_EQ(parse_libvirt_size("1", "GiBi"), std::nullopt);
  EXPECT_EQ(parse_libvirt_size("1", "iB"), std::nullopt);
  EXPECT_EQ(parse_libvirt_size("", "GiB"), std::nullopt);
  EXPECT_EQ(parse_libvirt_size("-1", "GiB"), std::nullopt);
}

}  // namespace
}  // namespace nvgpuctl
