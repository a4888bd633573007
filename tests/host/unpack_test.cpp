// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/unpack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "support/module_file.hpp"

namespace nvgpuctl {
namespace {

// "cacheable " 30 times, by gzip, xz --check=crc32 and zstd.
struct Sample {
  const char* packing;
  const char* hex;
};

constexpr std::uint64_t kLength = 300;

class Unpack : public testing::TestWithParam<Sample> {
 protected:
  std::string packed() const { return from_hex(GetParam().hex); }
};

Result<std::size_t> unpack_into(std::string& text, const std::string& packed,
                                std::uint64_t limit = kLength) {
  return unpack("x", packed, limit, [&](std::string_view piece) -> Result<> {
    text += piece;
    return {};
  });
}

TEST_P(Unpack, GivesTheTextAndTheLengthOfTheStream) {
  std::string text;
  const auto length = unpack_into(text, packed() + "rest");
  ASSERT_TRUE(length) << length.error().problem;
  EXPECT_EQ(*length, packed().size());
  EXPECT_EQ(text.size(), kLength);
  EXPECT_EQ(text.substr(0, 20), "cacheable cacheable ");
}

TEST_P(Unpack, KnowsItsPacking) {
  EXPECT_EQ(packing_of(packed()), GetParam().packing);
}

TEST_P(Unpack, StopsAtTheLimit) {
  std::string text;
  const auto length = unpack_into(text, packed(), kLength - 1);
  ASSERT_FALSE(length);
  EXPECT_EQ(length.error().code, Errc::malformed);
  EXPECT_EQ(length.error().problem,
            "unpacks to more than " + human_size(kLength - 1));
}

TEST_P(Unpack, RefusesWhatIsCutShort) {
  std::string text;
  const auto length =
      unpack_into(text, packed().substr(0, packed().size() - 1));
  ASSERT_FALSE(length);
  EXPECT_EQ(
      length.error().problem,
      std::string("no right ") + GetParam().packing + " data, or cut short");
}

TEST_P(Unpack, EndsWithTheErrorOfWhoTakesIt) {
  const auto length =
      unpack("x", packed(), kLength, [](std::string_view) -> Result<> {
        return fail(Errc::malformed, "y", "enough");
      });
  ASSERT_FALSE(length);
  EXPECT_EQ(length.error().problem, "enough");
}

INSTANTIATE_TEST_SUITE_P(
    OfEachKind, Unpack,
    testing::Values(
        Sample{"gzip",
               "1f8b08000000000002034b4e4cce484d4cca4955481e6511600100b214dc"
               "202c010000"},
        Sample{"xz",
               "fd377a585a0000016922de360200210116000000742fe5a3e0012b00125d00"
               "319848998ab6a06006c56c4bff6d9bb20000000000b214dc2000012aac0200"
               "00009148bc7a3e300d8b020000000001595a"},
        Sample{"zstd",
               "28b52ffd602c008d000050636163686561626c652001001f550b12"}),
    [](const auto& sample) { return sample.param.packing; });

TEST(UnpackOthers, AreNamedAndNotLookedInto) {
  std::string text;
  const auto length = unpack_into(text, "BZh91AY");
  ASSERT_FALSE(length);
  EXPECT_EQ(length.error().code, Errc::unsupported);
  EXPECT_EQ(length.error().problem, "not looked into: packed with bzip2");
  EXPECT_EQ(packing_of("070701"), "");
}

}  // namespace
}  // namespace nvgpuctl
