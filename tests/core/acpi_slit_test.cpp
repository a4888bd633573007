// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "core/acpi_numa.hpp"
#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;

Aml slit(std::uint64_t localities, const Aml& matrix) {
  return test::join({test::little_endian(localities, 8), matrix});
}

TEST(Slit, ReadsTheMatrixRowByRow) {
  const Aml body = slit(2, {10, 80, 20, 10});
  const auto result = parse_slit(test::table_with(body, "SLIT", 1));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->localities, 2U);
  EXPECT_EQ(result->distance(0, 1), 80);
  EXPECT_EQ(result->distance(1, 0), 20);
}

TEST(Slit, KnowsNoDistanceOutsideTheMatrix) {
  const Aml body = slit(1, {10});
  const auto result = parse_slit(test::table_with(body, "SLIT", 1));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->distance(0, 0), 10);
  EXPECT_EQ(result->distance(0, 1), std::nullopt);
  EXPECT_EQ(result->distance(0xFFFF'FFFF, 0), std::nullopt);
}

TEST(Slit, RefusesAMatrixThatIsNotTheSquareOfItsCount) {
  const Aml body = slit(2, {10, 80, 20});
  const auto result = parse_slit(test::table_with(body, "SLIT", 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);
  EXPECT_EQ(result.error().subject, "SLIT");
  EXPECT_EQ(result.error().problem,
            "2 localities announced (byte 0x24), but the matrix has 3 bytes");
}

TEST(Slit, LeavesPaddingBehindTheMatrix) {
  const Aml body = slit(2, {10, 80, 20, 10, 0, 0, 0, 0});
  const auto result = parse_slit(test::table_with(body, "SLIT", 1));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->distances.size(), 4);
  EXPECT_EQ(result->distance(1, 0), 20);
}

TEST(Slit, RefusesCountsWhoseSquareOverflows) {
  // 2^32 squared is 0 in 64 bits, the size of an absent matrix.
  const Aml body = slit(0x1'0000'0000, {});
  const auto result = parse_slit(test::table_with(body, "SLIT", 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().problem,
            "4294967296 localities announced (byte 0x24), but the matrix has 0 "
            "bytes");
}

TEST(Slit, RefusesNoLocalities) {
  const Aml body = slit(0, {});
  EXPECT_FALSE(parse_slit(test::table_with(body, "SLIT", 1)));
}

TEST(Slit, RefusesEveryTruncatedTable) {
  const Aml body = slit(2, {10, 80, 20, 10});
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto result =
        parse_slit(test::table_with(Bytes(body).first(size), "SLIT", 1));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, Errc::malformed);
  }
}

}  // namespace
}  // namespace nvgpuctl
