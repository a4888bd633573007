// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/acpi_table.hpp"

#include <gmock/gmock.h>

#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using testing::HasSubstr;

TEST(AcpiTable, ReadsTheHeaderAndLeavesTheBody) {
  const Aml bytes = test::table("SSDT", {0xA3, 0xA3});
  const auto table = parse_acpi_table("SSDT3", bytes);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->name, "SSDT3");
  EXPECT_EQ(table->signature, "SSDT");
  EXPECT_EQ(table->length, 38U);
  EXPECT_EQ(table->revision, 2);
  EXPECT_EQ(table->oem_id, "NVIDIA");
  EXPECT_EQ(table->oem_table_id, "T241x1");
  EXPECT_TRUE(table->checksum_ok);
  EXPECT_THAT(table->body, testing::ElementsAre(0xA3, 0xA3));
}

TEST(AcpiTable, CutsTheBodyAtTheLengthThatTheHeaderGives) {
  Aml bytes = test::table("SSDT", {0xA3});
  bytes.push_back(0xFF);
  const auto table = parse_acpi_table("SSDT", bytes);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->body.size(), 1U);
  EXPECT_TRUE(table->checksum_ok);
}

TEST(AcpiTable, RecordsAWrongChecksumAndGoesOn) {
  Aml bytes = test::table("SSDT", {0xA3});
  bytes[9] ^= 1U;
  const auto table = parse_acpi_table("SSDT", bytes);
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->checksum_ok);
  EXPECT_EQ(table->body.size(), 1U);
}

TEST(AcpiTable, RefusesEveryTruncatedTable) {
  const Aml bytes = test::table("SSDT", {0xA3, 0xA3});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto table = parse_acpi_table("SSDT", Bytes(bytes).first(size));
    ASSERT_FALSE(table) << size;
    EXPECT_EQ(table.error().code, Errc::malformed);
  }
}

TEST(AcpiTable, NamesBothLengthsWhenTheHeaderClaimsTooMuch) {
  Aml bytes = test::table("SSDT", {0xA3});
  bytes[4] = 200;
  const auto table = parse_acpi_table("dynamic/SSDT30", bytes);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, Errc::malformed);
  EXPECT_EQ(table.error().subject, "dynamic/SSDT30");
  EXPECT_EQ(table.error().problem,
            "header says 200 bytes (offset 4), file has 37");
}

TEST(AcpiTable, RefusesALengthThatDoesNotCoverTheHeader) {
  Aml bytes = test::table("SSDT", {0xA3});
  bytes[4] = 35;
  const auto table = parse_acpi_table("SSDT", bytes);
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().problem, HasSubstr("header says 35 bytes"));
}

TEST(AcpiTable, KeepsControlCharactersOutOfNames) {
  Aml bytes = test::table("SSDT", {});
  bytes[10] = 0x1B;
  bytes[11] = 0xC3;
  const auto table = parse_acpi_table("SSDT", bytes);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->oem_id, "??IDIA");
}

}  // namespace
}  // namespace nvgpuctl
