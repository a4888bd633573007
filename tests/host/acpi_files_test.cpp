// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/acpi_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"
#include "support/ordinary_user.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const AcpiFiles& files) {
  std::vector<std::string> all;
  for (const auto& file : files.files) {
    all.push_back(file.name);
  }
  return all;
}

FakeRoot& table(FakeRoot& fake, const std::string& name) {
  const std::array<std::uint8_t, 3> bytes{1, 0, 2};
  return fake.acpi_table(name, bytes);
}

TEST(AcpiFiles, AreTheTablesThatTellOfGpusAndNodes) {
  FakeRoot fake;
  for (const auto* name : {"DSDT", "SSDT1", "SSDT12", "SRAT", "SLIT", "HMAT",
                           "dynamic/SSDT30", "data/BERT"}) {
    table(fake, name);
  }
  const auto files = read_acpi_files(fake.open());
  EXPECT_THAT(names(files), ElementsAre("DSDT", "SLIT", "SRAT", "SSDT1",
                                        "SSDT12", "dynamic/SSDT30"));
  EXPECT_EQ(files.files[0].bytes, std::string("\1\0\2", 3));
}

// Of two definitions of one object Linux keeps the one that it loads first.
TEST(AcpiFiles, AreInTheOrderInWhichLinuxLoadsThem) {
  FakeRoot fake;
  for (const auto* name : {"SSDT10", "SSDT9", "dynamic/SSDT8", "DSDT"}) {
    table(fake, name);
  }
  EXPECT_THAT(names(read_acpi_files(fake.open())),
              ElementsAre("DSDT", "SSDT9", "SSDT10", "dynamic/SSDT8"));
}

TEST(AcpiFiles, AreNoneOnAHostWithoutAcpi) {
  FakeRoot fake;
  const auto files = read_acpi_files(fake.open());
  EXPECT_THAT(names(files), IsEmpty());
  EXPECT_THAT(files.unreadable, IsEmpty());
  EXPECT_THAT(files.problems, IsEmpty());
}

TEST(AcpiFiles, ThatArePrivilegedAreNamed) {
  FakeRoot fake;
  table(fake, "SRAT");
  std::filesystem::permissions(fake.path("/sys/firmware/acpi/tables/SRAT"),
                               std::filesystem::perms::none);
  const auto root = fake.open();
  const OrdinaryUser user;
  EXPECT_THAT(read_acpi_files(root).unreadable,
              ElementsAre("/sys/firmware/acpi/tables/SRAT"));
}

TEST(AcpiFiles, ThatAreTooLongAreNamed) {
  FakeRoot fake;
  table(fake, "SSDT1");
  std::filesystem::resize_file(fake.path("/sys/firmware/acpi/tables/SSDT1"),
                               (16U << 20U) + 1);
  const auto files = read_acpi_files(fake.open());
  EXPECT_THAT(names(files), IsEmpty());
  EXPECT_THAT(files.problems,
              ElementsAre("/sys/firmware/acpi/tables/SSDT1: longer than "
                          "16777216 bytes"));
}

TEST(AcpiFiles, AreNotReadWithoutAnEnd) {
  FakeRoot fake;
  for (const auto* name : {"SSDT1", "SSDT2", "SSDT3", "SSDT4", "SSDT5"}) {
    table(fake, name);
    std::filesystem::resize_file(
        fake.path(std::string("/sys/firmware/acpi/tables/") + name),
        16U << 20U);
  }
  table(fake, "SSDT6");
  const auto files = read_acpi_files(fake.open());
  EXPECT_THAT(names(files), ElementsAre("SSDT1", "SSDT2", "SSDT3", "SSDT4"));
  EXPECT_THAT(files.problems,
              ElementsAre("/sys/firmware/acpi/tables/SSDT5: left out: all "
                          "tables are longer than 67108864 bytes"));
}

}  // namespace
}  // namespace nvgpuctl
