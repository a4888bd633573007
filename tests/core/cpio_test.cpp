// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cpio.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Want = CpioReader::Want;

const std::vector<CpioEntry> kEntries{
    {"init", "#!/bin/sh\n"},
    {"etc/modprobe.d/a.conf", "blacklist x\n"},
    {"empty", ""},
    {"lib/nouveau.ko", "12345"}};

CpioReader reader_of_everything() {
  return {"x.img", [](std::string_view) { return Want::content; }};
}

TEST(Cpio, ComesBackAsItWasWritten) {
  auto reader = reader_of_everything();
  const auto archive = write_cpio(kEntries);
  EXPECT_EQ(reader.feed(archive).value_or(0), archive.size());
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.entries(), kEntries);
}

TEST(Cpio, MayComeInPiecesOfAnySize) {
  auto reader = reader_of_everything();
  for (const char byte : write_cpio(kEntries)) {
    ASSERT_EQ(reader.feed({&byte, 1}).value_or(0), 1);
  }
  EXPECT_TRUE(reader.complete());
  EXPECT_EQ(reader.entries(), kEntries);
}

TEST(Cpio, KeepsOnlyWhatIsWanted) {
  CpioReader reader("x.img", [](std::string_view name) {
    return name.ends_with(".ko")     ? Want::name
           : name.ends_with(".conf") ? Want::content
                                     : Want::nothing;
  });
  ASSERT_TRUE(reader.feed(write_cpio(kEntries)));
  EXPECT_THAT(reader.entries(),
              ElementsAre(CpioEntry{"etc/modprobe.d/a.conf", "blacklist x\n"},
                          CpioEntry{"lib/nouveau.ko", ""}));
}

TEST(Cpio, MayStandBehindAnotherAndZeroes) {
  auto reader = reader_of_everything();
  const auto both = write_cpio({{"early", "1"}}) + std::string(500, '\0') +
                    write_cpio({{"./late", "2"}});
  EXPECT_EQ(reader.feed(both).value_or(0), both.size());
  EXPECT_THAT(reader.entries(),
              ElementsAre(CpioEntry{"early", "1"}, CpioEntry{"late", "2"}));
}

TEST(Cpio, EndsWhereSomethingElseBegins) {
  auto reader = reader_of_everything();
  const auto early = write_cpio({{"early", "1"}});
  EXPECT_EQ(reader.feed(early + "\x1f\x8b packed").value_or(0), early.size());
  EXPECT_TRUE(reader.complete());
}

TEST(Cpio, IsNotCompleteWithoutItsTrailer) {
  auto reader = reader_of_everything();
  const auto archive = write_cpio(kEntries);
  ASSERT_TRUE(reader.feed(archive.substr(0, archive.size() - 1)));
  EXPECT_FALSE(reader.complete());
}

TEST(Cpio, SaysWhereAHeaderIsWrong) {
  auto archive = write_cpio({{"a", "b"}});
  archive.replace(archive.rfind("070701"), 6, "070707");
  auto reader = reader_of_everything();
  const auto fed = reader.feed(archive);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::malformed);
  EXPECT_EQ(fed.error().problem, "no cpio header at byte 0x74");
}

TEST(Cpio, HasNoEndlessNames) {
  auto archive = write_cpio({{"a", "b"}});
  archive.replace(6 + 11 * 8, 8, "FFFFFFFF");
  auto reader = reader_of_everything();
  const auto fed = reader.feed(archive);
  ASSERT_FALSE(fed);
  EXPECT_THAT(fed.error().problem, HasSubstr("a name of 4294967295 bytes"));
}

TEST(Cpio, IsBoundedInWhatIsKept) {
  auto reader = reader_of_everything();
  std::vector<CpioEntry> many(5000, {"name", ""});
  const auto fed = reader.feed(write_cpio(many));
  ASSERT_FALSE(fed);
  EXPECT_THAT(fed.error().problem, HasSubstr("more of interest"));
}

TEST(Cpio, KeepsNoContentThatIsTooLong) {
  auto reader = reader_of_everything();
  ASSERT_TRUE(reader.feed(write_cpio({{"long", std::string(300000, 'x')}})));
  EXPECT_THAT(reader.entries(), ElementsAre(CpioEntry{"long", ""}));
}

}  // namespace
}  // namespace nvgpuctl
