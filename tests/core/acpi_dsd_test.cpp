// SPDX-License-Identifier: GPL-2.0-or-later
// What a _DSD means: its package, its properties, those of coherent memory.
#include "core/acpi_dsd.hpp"

#include <gmock/gmock.h>

#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using test::join;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kOnes = 0xFFFF'FFFF'FFFF'FFFF;

// The _DSD of a device that holds nothing else.
DeviceDsd read(const Aml& name_dsd, std::uint8_t dsdt_revision = 2) {
  const Aml body = test::device("GPU0", name_dsd);
  AmlWalk walk = find_dsds(test::table_with(body), dsdt_revision);
  EXPECT_THAT(walk.notes, IsEmpty());
  EXPECT_THAT(walk.dsds, SizeIs(1));
  return walk.dsds.empty() ? DeviceDsd{} : walk.dsds[0];
}

DeviceDsd read_package(const Aml& elements) {
  return read(test::name("_DSD", test::package({0x12}, elements)));
}

std::uint64_t number(const DeviceDsd& dsd, std::string_view name) {
  const DsdProperty* property = dsd.find(name);
  const auto* value = property == nullptr
                          ? nullptr
                          : std::get_if<std::uint64_t>(&property->value);
  EXPECT_NE(value, nullptr) << name;
  return value == nullptr ? 0 : *value;
}

// The bytes that TH500 firmware emits for a GH200 with 96 GB.
Aml gh200_properties() {
  const auto key = [](std::string_view name) {
    return join({{0x02, 0x0D}, test::text(name), {0x00}});
  };
  return join(
      {{0x08, 0x5F, 0x44, 0x53, 0x44, 0x12, 0x4E, 0x09, 0x02, 0x11, 0x13, 0x0A,
        0x10, 0x14, 0xD8, 0xFF, 0xDA, 0xBA, 0x6E, 0x8C, 0x4D, 0x8A, 0x91, 0xBC,
        0x9B, 0xBF, 0x4A, 0xA3, 0x01, 0x12, 0x46, 0x08, 0x04, 0x12, 0x23},
       key("nvidia,gpu-mem-base-pa"),
       {0x0E, 0x00, 0x00, 0x00, 0x00, 0x00, 0x42, 0x00, 0x00, 0x12, 0x1E},
       key("nvidia,gpu-mem-pxm-start"),
       {0x0A, 0x08, 0x12, 0x1E},
       key("nvidia,gpu-mem-pxm-count"),
       {0x0A, 0x08, 0x12, 0x20},
       key("nvidia,gpu-mem-size"),
       {0x0E, 0x00, 0x00, 0xF0, 0xE4, 0x17, 0x00, 0x00, 0x00}});
}

TEST(Dsd, ReadsTheBytesOfAGraceHopper) {
  const Aml bytes = gh200_properties();
  ASSERT_EQ(bytes.size(), 164U);
  const DeviceDsd dsd = read(bytes);
  EXPECT_EQ(dsd.path, "\\GPU0");
  EXPECT_EQ(dsd.table, "SSDT");
  // Header 36, Device 2, PkgLength 2, name 4.
  EXPECT_EQ(dsd.offset, 44U);
  EXPECT_EQ(dsd.form, DsdForm::literal);
  EXPECT_EQ(dsd.problem, "");
  ASSERT_THAT(dsd.properties, SizeIs(4));
  const CoherentMemoryDsd memory = interpret_coherent_memory(dsd);
  EXPECT_EQ(memory.base_pa, 0x4200'0000'0000U);
  EXPECT_EQ(memory.pxm_start, 8U);
  EXPECT_EQ(memory.pxm_count, 8U);
  EXPECT_EQ(memory.size, 0x17'E4F0'0000U);
  EXPECT_EQ(memory.egm_size, std::nullopt);
  EXPECT_THAT(memory.problems, IsEmpty());
}

TEST(Dsd, ReadsExtendedGpuMemory) {
  const DeviceDsd dsd = read(test::dsd(
      {test::property("nvidia,egm-base-pa", test::integer(0x1'0000'0000)),
       test::property("nvidia,egm-size", test::integer(0x6F'C000'0000)),
       test::property("nvidia,egm-pxm", test::integer(4)),
       test::property("nvidia,egm-retired-pages-data-base",
                      test::integer(0x7'E000'0000))}));
  const CoherentMemoryDsd memory = interpret_coherent_memory(dsd);
  EXPECT_EQ(memory.egm_base_pa, 0x1'0000'0000U);
  EXPECT_EQ(memory.egm_size, 0x6F'C000'0000U);
  EXPECT_EQ(memory.egm_pxm, 4U);
  EXPECT_EQ(memory.egm_retired_pages_data_base, 0x7'E000'0000U);
  EXPECT_EQ(memory.size, std::nullopt);
}

TEST(Dsd, ReadsEveryEncodingOfAnInteger) {
  const DeviceDsd dsd = read(test::dsd(
      {test::property("zero", {0x00}), test::property("one", {0x01}),
       test::property("ones", {0xFF}), test::property("byte", {0x0A, 0xFE}),
       test::property("word", {0x0B, 0xFE, 0xCA}),
       test::property("dword", {0x0C, 0xBE, 0xBA, 0xFE, 0xCA}),
       test::property(
           "qword", {0x0E, 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01})}));
  EXPECT_EQ(number(dsd, "zero"), 0U);
  EXPECT_EQ(number(dsd, "one"), 1U);
  EXPECT_EQ(number(dsd, "ones"), kOnes);
  EXPECT_EQ(number(dsd, "byte"), 0xFEU);
  EXPECT_EQ(number(dsd, "word"), 0xCAFEU);
  EXPECT_EQ(number(dsd, "dword"), 0xCAFEBABEU);
  EXPECT_EQ(number(dsd, "qword"), 0x0102'0304'0506'0708U);
}

TEST(Dsd, CutsIntegersToThirtyTwoBitsUnderAnOldDsdt) {
  const Aml bytes =
      test::dsd({test::property("ones", {0xFF}),
                 test::property("big", test::integer(0x42'0000'0001))});
  const DeviceDsd dsd = read(bytes, 1);
  EXPECT_EQ(number(dsd, "ones"), 0xFFFF'FFFFU);
  EXPECT_EQ(number(dsd, "big"), 1U);
}

TEST(Dsd, TakesADsdtsOwnRevisionForItsIntegers) {
  const Aml body = test::dsd({test::property("ones", {0xFF})});
  const AmlWalk old = find_dsds(test::table_with(body, "DSDT", 1));
  ASSERT_THAT(old.dsds, SizeIs(1));
  EXPECT_EQ(number(old.dsds[0], "ones"), 0xFFFF'FFFFU);
  const AmlWalk newer = find_dsds(test::table_with(body, "DSDT", 2), 1);
  ASSERT_THAT(newer.dsds, SizeIs(1));
  EXPECT_EQ(number(newer.dsds[0], "ones"), kOnes);
}

TEST(Dsd, KeepsStringsAndNotesValuesOfOtherTypes) {
  const DeviceDsd dsd = read(test::dsd(
      {test::property("text", test::string("hello")),
       test::property("list", test::package({0x12}, {0x01, 0x0A, 0x05})),
       test::property("reference", test::text("PCI9")),
       test::property("last", test::integer(7))}));
  ASSERT_THAT(dsd.properties, SizeIs(4));
  EXPECT_EQ(std::get<std::string>(dsd.properties[0].value), "hello");
  EXPECT_EQ(number(dsd, "list"), 5U);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(dsd.properties[2].value));
  EXPECT_TRUE(dsd.properties[2].named);
  EXPECT_EQ(number(dsd, "last"), 7U);
}

TEST(Dsd, KeepsControlCharactersOutOfNamesAndValues) {
  const DeviceDsd dsd =
      read(test::dsd({test::property("a\x1B[m", test::string("b\xC3\xA4\n"))}));
  ASSERT_THAT(dsd.properties, SizeIs(1));
  EXPECT_EQ(dsd.properties[0].name, "a?[m");
  EXPECT_EQ(std::get<std::string>(dsd.properties[0].value), "b???");
}

TEST(Dsd, SkipsPackagesOfOtherUuids) {
  Aml other = test::device_properties_uuid();
  other[4] = 0x99;
  const Aml theirs = test::properties({test::property("x", {0x01})});
  const Aml ours = test::properties({test::property("y", {0x01})});
  const DeviceDsd both = read_package(
      join({{0x04}, other, theirs, test::device_properties_uuid(), ours}));
  EXPECT_EQ(both.form, DsdForm::literal);
  ASSERT_THAT(both.properties, SizeIs(1));
  EXPECT_EQ(both.properties[0].name, "y");
  const DeviceDsd none = read_package(join({{0x02}, other, theirs}));
  EXPECT_EQ(none.form, DsdForm::literal);
  EXPECT_THAT(none.properties, IsEmpty());
}

TEST(Dsd, ReadsVarPackages) {
  const Aml pair = test::package(
      {0x13}, join({{0x0A, 0x02}, test::string("key"), {0x0A, 0x09}}));
  const Aml list = test::package({0x13}, join({{0x01}, pair}));
  const DeviceDsd dsd = read(test::name(
      "_DSD",
      test::package(
          {0x13}, join({{0x0A, 0x02}, test::device_properties_uuid(), list}))));
  EXPECT_EQ(number(dsd, "key"), 9U);
}

TEST(Dsd, LetsTheFirstOfTwoEqualNamesCountAndSaysSo) {
  const DeviceDsd dsd = read(
      test::dsd({test::property("nvidia,gpu-mem-size", test::integer(5)),
                 test::property("nvidia,gpu-mem-size", test::integer(6))}));
  EXPECT_THAT(dsd.properties, SizeIs(2));
  const CoherentMemoryDsd memory = interpret_coherent_memory(dsd);
  EXPECT_EQ(memory.size, 5U);
  EXPECT_THAT(memory.problems, IsEmpty());
  EXPECT_THAT(memory.left_out,
              ElementsAre("nvidia,gpu-mem-size is given 2 times; the first "
                          "counts"));
}

// acpi_data_prop_read() takes the first element of an array, too.
TEST(Dsd, TakesTheFirstElementOfAPackageForTheValue) {
  const auto size_of = [](const Aml& list) {
    return interpret_coherent_memory(
               read(test::dsd({test::property("nvidia,gpu-mem-size", list)})))
        .size;
  };
  EXPECT_EQ(size_of(test::package({0x12}, {0x01, 0x0A, 0x05})), 5U);
  EXPECT_EQ(size_of(test::package({0x12}, {0x02, 0x0A, 0x05, 0x01})), 5U);
  EXPECT_EQ(size_of(test::package({0x12}, {0x00})), std::nullopt);
}

TEST(Dsd, KeepsWhatStandsBeforeAMalformedPair) {
  const Aml list = test::properties({test::property("first", {0x0A, 0x07})});
  const DeviceDsd dsd = read_package(
      join({{0x04}, test::device_properties_uuid(), list, {0x01, 0x01}}));
  EXPECT_EQ(dsd.form, DsdForm::literal);
  EXPECT_EQ(number(dsd, "first"), 7U);
  EXPECT_THAT(dsd.left_out,
              ElementsAre(HasSubstr("no UUID where one is due at byte 0x")));
}

TEST(Dsd, GoesOnBehindPropertiesThatLinuxDoesNotTake) {
  const Aml good = test::properties({test::property("good", {0x0A, 0x07})});
  const Aml bad = test::properties({{0x01}});
  const Aml uuid = test::device_properties_uuid();
  for (const auto& [one, other] : {std::pair{good, bad}, {bad, good}}) {
    const DeviceDsd dsd = read_package(join({{0x04}, uuid, one, uuid, other}));
    EXPECT_EQ(dsd.form, DsdForm::literal);
    EXPECT_EQ(number(dsd, "good"), 7U);
    EXPECT_THAT(dsd.left_out,
                ElementsAre(HasSubstr("property 1 is not a package")));
  }
}

TEST(Dsd, IsDynamicWhereAPartOfItIsANamedObject) {
  const Aml uuid = test::device_properties_uuid();
  const Aml list = test::properties({test::text("PROP")});
  for (const auto& package :
       {read_package(join({{0x02}, uuid, test::text("PROP")})),
        read_package(join({{0x02}, test::text("UUID"), list})),
        read_package(join({{0x02}, uuid, list}))}) {
    EXPECT_EQ(package.form, DsdForm::dynamic);
    EXPECT_THAT(package.problem, HasSubstr("the value of another object, which "
                                           "is not followed"));
  }
}

TEST(Dsd, ReportsAMemoryPropertyThatIsNoInteger) {
  const DeviceDsd dsd = read(
      test::dsd({test::property("nvidia,gpu-mem-size", test::string("96G"))}));
  const CoherentMemoryDsd memory = interpret_coherent_memory(dsd);
  EXPECT_EQ(memory.size, std::nullopt);
  EXPECT_THAT(memory.problems,
              ElementsAre("nvidia,gpu-mem-size is not an integer"));
}

// Linux follows the name; it may be an integer there.
TEST(Dsd, DoesNotCallAMemoryPropertyWrongThatIsANamedObject) {
  const DeviceDsd dsd = read(
      test::dsd({test::property("nvidia,gpu-mem-size", test::text("SIZE"))}));
  const CoherentMemoryDsd memory = interpret_coherent_memory(dsd);
  EXPECT_EQ(memory.size, std::nullopt);
  EXPECT_THAT(memory.problems, IsEmpty());
  EXPECT_THAT(memory.at_run_time,
              ElementsAre("nvidia,gpu-mem-size is the value of another object, "
                          "which is not followed"));
}

void expect_malformed(const DeviceDsd& dsd, const std::string& problem) {
  EXPECT_EQ(dsd.form, DsdForm::malformed);
  EXPECT_THAT(dsd.problem, HasSubstr(problem));
  EXPECT_THAT(dsd.properties, IsEmpty());
}

TEST(Dsd, IsMalformedWhenItIsNoPackage) {
  expect_malformed(read(test::name("_DSD", {0x0A, 0x05})), "not a package");
  expect_malformed(read(test::name("_DSD", test::text("OTHR"))),
                   "not a package");
}

TEST(Dsd, IsMalformedWithoutAUuid) {
  expect_malformed(read_package({0x02, 0x01, 0x01}),
                   "no UUID where one is due at byte 0x");
  Aml shorter = test::device_properties_uuid();
  shorter[3] = 0x0F;
  expect_malformed(read_package(join({{0x02}, shorter, {0x01}})),
                   "no UUID where one is due");
}

TEST(Dsd, IsMalformedWhenNothingFollowsTheUuid) {
  expect_malformed(read_package(join({{0x02}, test::device_properties_uuid()})),
                   "the UUID is not followed by a package");
}

// Linux takes nothing of it: acpi_extract_properties().
TEST(Dsd, IsMalformedWithAnOddNumberOfElements) {
  const Aml list = test::properties({test::property("first", {0x0A, 0x07})});
  const Aml pair = join({test::device_properties_uuid(), list});
  expect_malformed(read_package(join({{0x03}, pair, {0x01}})),
                   "an odd number of elements");
  EXPECT_EQ(read_package(join({{0x02}, pair, {0x01}})).form, DsdForm::literal);
  expect_malformed(read_package(join({{0x03}, pair})),
                   "an odd number of elements");
}

TEST(Dsd, DropsAllPropertiesWhenOneIsNotAPair) {
  // So does Linux; half a description of memory is worse than none.
  const Aml good = test::property("good", {0x01});
  const Aml three =
      test::package({0x12}, join({{0x03}, test::string("bad"), {0x01, 0x01}}));
  expect_malformed(read(test::dsd({good, three})),
                   "property 2 is not a package of a string and a value that "
                   "Linux takes");
  const Aml nameless = test::package({0x12}, {0x02, 0x01, 0x01});
  expect_malformed(read(test::dsd({nameless})), "property 1 is not a package");
  const Aml valueless =
      test::package({0x12}, join({{0x02}, test::string("bad")}));
  expect_malformed(read(test::dsd({valueless})), "property 1 is not a package");
  expect_malformed(read(test::dsd({{0x01}})), "property 1 is not a package");
}

TEST(Dsd, DropsAllPropertiesWhenLinuxDoesNotTakeTheValueOfOne) {
  const Aml good = test::property("good", {0x01});
  const Aml buffer = test::package({0x11}, {0x0A, 0x01, 0x05});
  expect_malformed(read(test::dsd({good, test::property("bytes", buffer)})),
                   "property 2 is not a package");
  const Aml list = test::package({0x12}, join({{0x01}, buffer}));
  expect_malformed(read(test::dsd({good, test::property("list", list)})),
                   "property 2 is not a package");
}

TEST(Dsd, IsMalformedWhenAStringNeverEnds) {
  const Aml endless =
      test::package({0x12}, join({{0x02, 0x0D}, test::text("abc")}));
  expect_malformed(read(test::dsd({endless})), "property 1 is not a package");
}

TEST(Dsd, IsMalformedWhenItsCountPromisesMoreThanThereIs) {
  const Aml list =
      test::package({0x12}, join({{0xFF}, test::property("only", {0x01})}));
  expect_malformed(
      read_package(join({{0x02}, test::device_properties_uuid(), list})),
      "255 properties announced, 1 there");
  const Aml huge = test::package({0x13}, {0xFF});
  expect_malformed(
      read_package(join({{0x02}, test::device_properties_uuid(), huge})),
      "18446744073709551615 properties announced, 0 there");
}

TEST(Dsd, ReadsNoMoreElementsThanItsCount) {
  const Aml list =
      test::package({0x12}, join({{0x01},
                                  test::property("first", {0x01}),
                                  test::property("second", {0x01})}));
  const DeviceDsd dsd =
      read_package(join({{0x02}, test::device_properties_uuid(), list}));
  EXPECT_EQ(dsd.form, DsdForm::literal);
  EXPECT_THAT(dsd.properties, SizeIs(1));
}

TEST(Dsd, RefusesThousandsOfProperties) {
  Aml list = test::integer(2000);
  for (int i = 0; i < 2000; ++i) {
    list = join({list, test::property("x", {0x01})});
  }
  expect_malformed(read_package(join({{0x02},
                                      test::device_properties_uuid(),
                                      test::package({0x13}, list)})),
                   "more than 1024 properties");
}

TEST(Dsd, DoesNotDescendIntoNestedValues) {
  Aml nested;
  for (int i = 0; i < 10'000; ++i) {
    nested = test::package({0x12}, join({{0x01}, nested}));
  }
  const DeviceDsd dsd = read(test::dsd(
      {test::property("deep", nested), test::property("after", {0x01})}));
  expect_malformed(dsd, "property 1 is not a package");
}

}  // namespace
}  // namespace nvgpuctl
