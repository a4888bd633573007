// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>
#include <span>

#include "base/bytes.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(Trim, TakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(trim(" \t0x10de \r\n"), "0x10de");
  EXPECT_EQ(trim("a b"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Split, KeepsEmptyPieces) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split(",a,", ','), ElementsAre("", "a", ""));
}

TEST(Split, GivesNothingForNothing) {
  EXPECT_THAT(split("", ','), IsEmpty());
}

TEST(SplitWords, GivesWhatStandsBetweenBlanks) {
  EXPECT_THAT(split_words(" options\tvfio-pci  ids=10de:2342\r\n"),
              ElementsAre("options", "vfio-pci", "ids=10de:2342"));
  EXPECT_THAT(split_words("a\\b c", "\\ "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_words(" \n"), IsEmpty());
}

TEST(Case, IsOfAsciiLettersOnly) {
  EXPECT_EQ(to_lower("GH200 \xc3\x84[Z"), "gh200 \xc3\x84[z");
  EXPECT_TRUE(same_ignoring_case("NVIDIA", "nvidia"));
  EXPECT_FALSE(same_ignoring_case("nvidi", "nvidia"));
  EXPECT_FALSE(same_ignoring_case("@", "`"));
}

TEST(ParseUnsigned, TakesThePrefixOfHexadecimalNumbersOrNone) {
  EXPECT_THAT(parse_unsigned("0x10de", 16), Optional(0x10DEU));
  EXPECT_THAT(parse_unsigned("10DE", 16), Optional(0x10DEU));
  EXPECT_THAT(parse_unsigned("71"), Optional(71U));
}

TEST(ParseUnsigned, WantsTheWholeText) {
  EXPECT_FALSE(parse_unsigned("12k"));
  EXPECT_FALSE(parse_unsigned(" 12"));
  EXPECT_FALSE(parse_unsigned("-1"));
  EXPECT_FALSE(parse_unsigned("+1"));
  EXPECT_FALSE(parse_unsigned(""));
  EXPECT_FALSE(parse_unsigned("0x", 16));
  EXPECT_FALSE(parse_unsigned("0x10"));
}

TEST(ParseUnsigned, RefusesWhatDoesNotFit) {
  EXPECT_THAT(parse_unsigned("18446744073709551615"),
              Optional(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(parse_unsigned("18446744073709551616"));
}

TEST(AsciiLine, HoldsNothingThatATerminalObeys) {
  EXPECT_EQ(ascii_line("a b~\n\t\x1b[m\x7f\xc3\xa9"), "a b~???[m???");
}

TEST(HumanSize, IsExactWhereAUnitDivides) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(512 * kMiB), "512 MiB");
  EXPECT_EQ(human_size(128 * kGiB), "128 GiB");
  EXPECT_EQ(human_size(2 * kTiB), "2 TiB");
}

TEST(HumanSize, IsRoundedOtherwise) {
  EXPECT_EQ(human_size(0x17'E4F0'0000), "95.58 GiB");
}

TEST(IdList, HoldsNumbersAndRanges) {
  EXPECT_THAT(parse_id_list("0-3,8\n"), Optional(ElementsAre(0, 1, 2, 3, 8)));
  EXPECT_THAT(parse_id_list("8,1-2,2"), Optional(ElementsAre(1, 2, 8)));
  EXPECT_THAT(parse_id_list("\n"), Optional(IsEmpty()));
}

TEST(IdList, IsRefusedWhenMalformed) {
  EXPECT_FALSE(parse_id_list("3-1"));
  EXPECT_FALSE(parse_id_list("1,,2"));
  EXPECT_FALSE(parse_id_list("1-2-3"));
  EXPECT_FALSE(parse_id_list("-1"));
  EXPECT_FALSE(parse_id_list("a"));
}

TEST(IdList, CannotEatMemory) {
  EXPECT_FALSE(parse_id_list("0-4294967295"));
  EXPECT_FALSE(parse_id_list("0-9,0-9,0-9", 9));
  EXPECT_THAT(parse_id_list("0-9", 9), Optional(testing::SizeIs(10)));
}

TEST(IdList, IsWrittenAsTheKernelWritesIt) {
  const std::array<unsigned, 5> ids{0, 1, 2, 3, 8};
  EXPECT_EQ(format_id_list(ids), "0-3,8");
  EXPECT_EQ(format_id_list(std::span<const unsigned>{}), "");
  EXPECT_EQ(format_id_list(std::set<unsigned>{8, 2, 1}), "1-2,8");
  EXPECT_EQ(format_id_list(std::set<unsigned>{}), "");
}

TEST(Closest, SuggestsWhatWasMeant) {
  constexpr std::array<std::string_view, 3> kVerbs{"list", "show", "explain"};
  EXPECT_THAT(closest("lits", kVerbs), testing::Eq(std::nullopt));
  EXPECT_THAT(closest("lst", kVerbs), Optional(std::string("list")));
  EXPECT_THAT(closest("explian", kVerbs), Optional(std::string("explain")));
}

TEST(Closest, SuggestsNothingForWordsThatAreFarAway) {
  constexpr std::array<std::string_view, 2> kVerbs{"list", "show"};
  EXPECT_FALSE(closest("frobnicate", kVerbs));
  EXPECT_FALSE(closest(std::string(100000, 'x'), kVerbs));
}

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_match("0009:*", "0009:01:00.0"));
  EXPECT_TRUE(glob_match("*:01:*.?", "0009:01:00.0"));
  EXPECT_FALSE(glob_match("0009", "0009:01:00.0"));
  EXPECT_FALSE(glob_match("*.1", "0009:01:00.0"));
  EXPECT_TRUE(glob_match("**", ""));
}

TEST(Glob, KnowsSetsAndTheirOpposite) {
  EXPECT_TRUE(glob_match("000[89]:*", "0009:01:00.0"));
  EXPECT_TRUE(glob_match("000[0-9]:*", "0009:01:00.0"));
  EXPECT_FALSE(glob_match("000[!89]:*", "0009:01:00.0"));
  EXPECT_TRUE(glob_match("[]x]", "]"));
}

TEST(Glob, TakesABracketAfterTheNegationLiterally) {
  EXPECT_FALSE(glob_match("[!]a]", "]"));
  EXPECT_TRUE(glob_match("[!]a]", "b"));
}

TEST(Glob, TakesAnUnclosedSetLiterally) {
  EXPECT_TRUE(glob_match("[12", "[12"));
  EXPECT_FALSE(glob_match("[12", "1"));
}

TEST(Glob, GoesBackToTheLastStar) {
  EXPECT_TRUE(glob_match("*aab", "aaaaaab"));
  EXPECT_FALSE(glob_match("a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(ReadLe, ReadsLittleEndianAndNotPastTheEnd) {
  const std::array<std::uint8_t, 4> bytes{0x78, 0x56, 0x34, 0x12};
  EXPECT_THAT(read_le<std::uint32_t>(bytes, 0), Optional(0x12345678U));
  EXPECT_THAT(read_le<std::uint16_t>(bytes, 2), Optional(0x1234));
  EXPECT_FALSE(read_le<std::uint16_t>(bytes, 3));
  EXPECT_FALSE(read_le<std::uint8_t>(bytes, 4));
  EXPECT_FALSE(
      read_le<std::uint32_t>(bytes, std::numeric_limits<std::size_t>::max()));
}

}  // namespace
}  // namespace nvgpuctl
