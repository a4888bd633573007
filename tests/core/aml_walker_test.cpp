// SPDX-License-Identifier: GPL-2.0-or-later
// How a walk finds its way to each _DSD, and what it does where it cannot.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/acpi_dsd.hpp"
#include "support/aml_builder.hpp"

namespace nvgpuctl {
namespace {

using test::Aml;
using test::join;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

// A _DSD with one property, whose name tells it from others.
Aml marked(std::string_view mark) {
  return test::dsd({test::property(mark, {0x01})});
}

auto found(const std::string& path, DsdForm form = DsdForm::literal) {
  return AllOf(Field("path", &DeviceDsd::path, path),
               Field("form", &DeviceDsd::form, form));
}

auto noted(std::uint32_t offset, const std::string& problem) {
  return AllOf(Field("offset", &AmlNote::offset, offset),
               Field("problem", &AmlNote::problem, problem));
}

// Walks a declaration followed by a device, which is found at its place only
// when the declaration was understood.
AmlWalk walk_past(const Aml& declaration) {
  const Aml body = join({declaration, test::device("DEV0", marked("x"))});
  return find_dsds(test::table_with(body));
}

void expect_passed(const Aml& declaration) {
  const AmlWalk walk = walk_past(declaration);
  EXPECT_THAT(walk.notes, IsEmpty());
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

Aml root_scope(const Aml& content) {
  return test::scope(test::text("\\_SB_"), content);
}

std::string path_of(const Aml& body) {
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.notes, IsEmpty());
  EXPECT_THAT(walk.dsds, SizeIs(1));
  return walk.dsds.empty() ? "" : walk.dsds[0].path;
}

TEST(AmlWalk, SpellsPathsAsSysfsDoes) {
  EXPECT_EQ(
      path_of(root_scope(test::device(
          "PCI9", test::device("RP00", test::device("GPU0", marked("x")))))),
      "\\_SB_.PCI9.RP00.GPU0");
  EXPECT_EQ(path_of(marked("x")), "\\");
}

TEST(AmlWalk, ResolvesNamesOfSeveralSegments) {
  const Aml dual = join({{0x2E}, test::text("_SB_PCI9")});
  EXPECT_EQ(path_of(test::scope(dual, marked("x"))), "\\_SB_.PCI9");
  const Aml multi = join({{'\\', 0x2F, 0x03}, test::text("_SB_PCI9RP00")});
  EXPECT_EQ(path_of(test::scope(multi, marked("x"))), "\\_SB_.PCI9.RP00");
}

TEST(AmlWalk, ResolvesRootAndParents) {
  const auto inside = [](const Aml& path) {
    return path_of(
        root_scope(test::device("PCI9", test::scope(path, marked("x")))));
  };
  EXPECT_EQ(inside({'\\', 0x00}), "\\");
  EXPECT_EQ(inside({'^', 0x00}), "\\_SB_");
  EXPECT_EQ(inside(test::text("^PCI8")), "\\_SB_.PCI8");
  EXPECT_EQ(inside(test::text("^^_TZ_")), "\\_TZ_");
  EXPECT_EQ(inside(test::text("\\_GPE")), "\\_GPE");
}

TEST(AmlWalk, ReturnsToTheEnclosingScope) {
  const Aml body = root_scope(
      join({test::device("AAAA", test::scope(test::text("\\ZZZZ"), {})),
            test::device("BBBB", marked("x"))}));
  EXPECT_EQ(path_of(body), "\\_SB_.BBBB");
}

TEST(AmlWalk, TakesTheOwnerOfADsdFromItsName) {
  Aml named = marked("x");
  // Name (\_SB.PCI9._DSD, …)
  named = join({{0x08, '\\', 0x2F, 0x03},
                test::text("_SB_PCI9"),
                Aml(named.begin() + 1, named.end())});
  EXPECT_EQ(path_of(named), "\\_SB_.PCI9");
}

TEST(AmlWalk, CountsOffsetsFromTheStartOfTheFile) {
  const AmlWalk walk = walk_past({0xA3});
  ASSERT_THAT(walk.dsds, SizeIs(1));
  // Header 36, Noop 1, Device 2, PkgLength 1, name 4.
  EXPECT_EQ(walk.dsds[0].offset, 44U);
}

TEST(AmlWalk, PassesConstants) {
  expect_passed(test::name("AAAA", test::integer(0x1234)));
  expect_passed(test::name("AAAA", {0xFF}));
  expect_passed(test::name("AAAA", test::string("[\x82 no device")));
  expect_passed(test::name("AAAA", test::package({0x11}, {0x02, 0x5B, 0x82})));
  expect_passed(test::name("AAAA", test::package({0x12}, {0x01, 0x5B})));
  expect_passed(test::name("AAAA", test::package({0x13}, {0x01, 0x5B})));
}

TEST(AmlWalk, PassesMethodsWhateverTheyHold) {
  expect_passed(test::method("AAAA", join({{0x5B, 0x99}, marked("inside")})));
}

TEST(AmlWalk, PassesOperationRegionsWithExpressions) {
  const Aml region = join({{0x5B, 0x80}, test::text("REGI"), {0x00}});
  expect_passed(join({region, {0x0C, 0x00, 0x00, 0xD0, 0xFE, 0x0B, 0, 1}}));
  expect_passed(join({region, test::text("BASE"), {0x0A, 0x10}}));
  // Add (BASE, And (SIZE, 0xFF, ), ), Local0
  expect_passed(join({region,
                      {0x72},
                      test::text("BASE"),
                      {0x7B},
                      test::text("SIZE"),
                      {0x0A, 0xFF, 0x00, 0x00, 0x60}}));
}

TEST(AmlWalk, PassesFieldsOfEveryKind) {
  const Aml units = join({test::text("REGI"), {0x01}, test::text("FLD0"), {8}});
  expect_passed(test::package({0x5B, 0x81}, units));
  expect_passed(test::package({0x5B, 0x86}, units));
  expect_passed(test::package({0x5B, 0x87}, units));
}

TEST(AmlWalk, PassesObjectsWithoutLength) {
  expect_passed(join({{0x15}, test::text("\\_SB_"), {0x06, 0x00}}));
  expect_passed(join({{0x06}, test::text("AAAABBBB")}));
  expect_passed(join({{0x5B, 0x01}, test::text("MUTX"), {0x03}}));
  expect_passed(join({{0x5B, 0x02}, test::text("EVNT")}));
  expect_passed(join({{0x5B, 0x88},
                      test::text("DATR"),
                      test::string("OEM1"),
                      test::string(""),
                      test::string("")}));
  expect_passed(
      join({{0x8A}, test::text("BUFF"), {0x0A, 0x04}, test::text("FLD0")}));
  expect_passed(join({{0x5B, 0x13},
                      test::text("BUFF"),
                      {0x0A, 0x04, 0x01},
                      test::text("FLD0")}));
}

TEST(AmlWalk, PassesModuleLevelCode) {
  // FUNC (1, "two") in an AML that never says how many arguments FUNC takes.
  expect_passed(join({test::text("FUNC"), {0x01}, test::string("two")}));
  // Acquire (MUTX, 0x5B10): the only data that follows an operand.
  expect_passed(join({{0x5B, 0x23}, test::text("MUTX"), {0x10, 0x5B}}));
  expect_passed({0x5B, 0x23, 0x60, 0x10, 0x5B});
  // Match (LIST, MGT, 1, MEQ, 2, 0)
  expect_passed(join({{0x89}, test::text("LIST"), {5, 1, 1, 0x0A, 2, 0}}));
  expect_passed({0x5B, 0x32, 0x10, 0x5B, 0x82, 0x10, 0x14, 0x00});  // Fatal
}

TEST(AmlWalk, DescendsIntoEverythingThatHoldsDeclarations) {
  EXPECT_EQ(path_of(test::package(
                {0x5B, 0x83},
                join({test::text("CPU0"), {1, 0, 0, 0, 0, 6}, marked("x")}))),
            "\\CPU0");
  EXPECT_EQ(
      path_of(test::package(
          {0x5B, 0x84}, join({test::text("PWR0"), {3, 0, 0}, marked("x")}))),
      "\\PWR0");
  EXPECT_EQ(path_of(test::package({0x5B, 0x85},
                                  join({test::text("TZ00"), marked("x")}))),
            "\\TZ00");
}

TEST(AmlWalk, CallsADsdMethodDynamic) {
  const Aml body =
      test::device("GPU0", test::method("_DSD", join({{0xA4}, marked("x")})));
  const AmlWalk walk = find_dsds(test::table_with(body));
  ASSERT_THAT(walk.dsds, ElementsAre(found("\\GPU0", DsdForm::dynamic)));
  EXPECT_THAT(walk.notes, IsEmpty());
  EXPECT_EQ(walk.dsds[0].problem,
            "a method, which has a value only when it runs");
  EXPECT_THAT(walk.dsds[0].properties, IsEmpty());
  // Device 2, PkgLength 1, name 4.
  EXPECT_EQ(walk.dsds[0].offset, 36U + 7U);
}

TEST(AmlWalk, NeverGuessesADsdInsideAnIf) {
  const Aml device = test::device("GPU0", marked("x"));
  for (const std::uint8_t opcode : Aml{0xA0, 0xA1, 0xA2}) {
    const Aml body = join({test::package({opcode}, join({{0x01}, device})),
                           test::device("DEV0", marked("x"))});
    const AmlWalk walk = find_dsds(test::table_with(body));
    EXPECT_THAT(walk.notes, IsEmpty());
    ASSERT_THAT(walk.dsds, ElementsAre(found("\\GPU0", DsdForm::dynamic),
                                       found("\\DEV0")));
    EXPECT_THAT(walk.dsds[0].properties, IsEmpty());
  }
}

TEST(AmlWalk, CallsAnAliasedDsdDynamic) {
  const Aml body = test::device("GPU0", join({{0x06}, test::text("PROP_DSD")}));
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\GPU0", DsdForm::dynamic)));
}

TEST(AmlWalk, NotesAnUnknownOpcodeAndSearchesTheRest) {
  const Aml body = root_scope(join(
      {{0xDD, 0x5B, 0x10, 0x08},
       test::device("GPU0",
                    join({{0x08}, test::text("_ADR"), {0x00}, marked("x")}))}));
  const AmlWalk walk = find_dsds(test::table_with(body));
  // Scope 1, PkgLength 1, name 5.
  EXPECT_THAT(walk.notes, ElementsAre(noted(36 + 7, "unknown opcode")));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\_SB_.GPU0")));
}

TEST(AmlWalk, SearchesOnlyThePackageThatItCouldNotFollow) {
  const Aml broken = test::device("BAD0", join({{0xDD}, marked("x")}));
  const Aml body = join({broken, test::method("FUNC", marked("hidden")),
                         test::device("DEV0", marked("x"))});
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.notes, SizeIs(1));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\BAD0"), found("\\DEV0")));
}

TEST(AmlWalk, FindsNothingInsideMethodsWhileItSearches) {
  const Aml body = join({{0xDD},
                         test::method("FUNC", marked("hidden")),
                         test::device("DEV0", marked("x"))});
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

TEST(AmlWalk, SearchesForNothingLessThanAWholeDsdWithTheRightUuid) {
  Aml other_uuid = marked("x");
  other_uuid[13] ^= 1U;
  Aml past_the_end = marked("x");
  past_the_end.pop_back();
  const Aml number = test::name("_DSD", {0x01});
  const Aml body = join({{0xDD}, other_uuid, number, past_the_end});
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.notes, SizeIs(1));
  EXPECT_THAT(walk.dsds, IsEmpty());
}

TEST(AmlWalk, NotesALengthThatReachesPastTheEnclosingPackage) {
  Aml inner = test::device("LONG", marked("x"));
  inner[2] = 0x3F;  // the device has less than 63 bytes, and so has its parent
  const AmlWalk walk = find_dsds(test::table_with(
      join({test::device("DEV0", inner), test::device("DEV1", marked("y"))})));
  EXPECT_THAT(walk.notes,
              ElementsAre(noted(36 + 7,
                                "a PkgLength reaches past the enclosing "
                                "package")));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0"), found("\\DEV1")));
}

TEST(AmlWalk, CallsADsdMalformedWhoseLengthReachesTooFar) {
  Aml cut = marked("x");
  cut.pop_back();
  const AmlWalk walk = find_dsds(test::table_with(test::device("GPU0", cut)));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\GPU0", DsdForm::malformed)));
  EXPECT_THAT(walk.notes, SizeIs(1));
}

TEST(AmlWalk, RefusesAPackageLengthThatDoesNotCoverItself) {
  const AmlWalk walk = walk_past({0x10, 0x00});
  EXPECT_THAT(walk.notes, SizeIs(1));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

TEST(AmlWalk, NotesInvalidNames) {
  for (const std::string_view name : {"0ABC", "abcd", "A-BC"}) {
    const AmlWalk walk = walk_past(test::device(name, {}));
    EXPECT_THAT(walk.notes,
                ElementsAre(noted(36, "no valid name where one is due")));
    EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
  }
  EXPECT_THAT(walk_past(test::scope({0x00}, {})).notes, SizeIs(1));
}

TEST(AmlWalk, SkipsAScopeAboveTheRoot) {
  const AmlWalk walk =
      walk_past(test::scope(test::text("^^^AAAA"), marked("x")));
  EXPECT_THAT(walk.notes,
              ElementsAre(noted(36,
                                "a name leads above the root or too deep "
                                "below it; skipped")));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

TEST(AmlWalk, SkipsWhatIsNestedTooDeep) {
  Aml nested = marked("x");
  for (int i = 0; i < 10'000; ++i) {
    nested = test::device("DEEP", nested);
  }
  const AmlWalk walk = walk_past(nested);
  ASSERT_THAT(walk.notes, SizeIs(1));
  EXPECT_EQ(walk.notes[0].problem, "nested too deep; skipped");
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

TEST(AmlWalk, SkipsPathsThatGrowTooLong) {
  // 32 scopes of 8 segments each are 256 segments.
  Aml nested = marked("x");
  for (int i = 0; i < 32; ++i) {
    nested = test::scope(
        join({{0x2F, 0x08}, test::text("AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH")}),
        nested);
  }
  const AmlWalk walk = walk_past(nested);
  EXPECT_THAT(walk.notes, SizeIs(1));
  EXPECT_THAT(walk.dsds, ElementsAre(found("\\DEV0")));
}

TEST(AmlWalk, ListsALimitedNumberOfProblems) {
  Aml body;
  for (int i = 0; i < 1000; ++i) {
    body = join({body, test::device("BAD0", {0xDD})});
  }
  const AmlWalk walk = find_dsds(test::table_with(body));
  ASSERT_THAT(walk.notes, SizeIs(65));
  EXPECT_EQ(walk.notes.back().problem, "further such places are not listed");
}

TEST(AmlWalk, StopsAfterThousandsOfDsds) {
  const Aml one = test::name("_DSD", {0x00});
  Aml body;
  for (int i = 0; i < 5000; ++i) {
    body.insert(body.end(), one.begin(), one.end());
  }
  const AmlWalk walk = find_dsds(test::table_with(body));
  EXPECT_THAT(walk.dsds, SizeIs(4096));
  ASSERT_THAT(walk.notes, SizeIs(1));
  EXPECT_EQ(walk.notes[0].problem,
            "too many _DSD objects; the rest of the table was not read");
}

TEST(AmlWalk, FindsNothingInAnEmptyTable) {
  const AmlWalk walk = find_dsds(test::table_with({}));
  EXPECT_THAT(walk.dsds, IsEmpty());
  EXPECT_THAT(walk.notes, IsEmpty());
}

Aml read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

AmlWalk walk_fixture(const Aml& bytes) {
  const auto table = parse_acpi_table("SSDT", bytes);
  EXPECT_TRUE(table) << (table ? "" : table.error().problem);
  return table ? find_dsds(*table) : AmlWalk{};
}

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ACPI_FIXTURES_DIR) / (name + ".aml");
}

TEST(AmlWalk, FollowsEverythingThatACompilerEmits) {
  const AmlWalk walk = walk_fixture(read_file(fixture("everything")));
  EXPECT_THAT(walk.notes, IsEmpty());
  ASSERT_THAT(
      walk.dsds,
      ElementsAre(found("\\CPU0"), found("\\_SB_.MAYB", DsdForm::dynamic),
                  found("\\_SB_.RUNS", DsdForm::dynamic),
                  found("\\_SB_.PCI9.RES0"), found("\\_SB_.PCI9.RP00.GPU0")));
  EXPECT_THAT(walk.dsds[0].properties, SizeIs(1));
  EXPECT_THAT(walk.dsds[3].properties, IsEmpty());
  EXPECT_THAT(walk.dsds[4].properties, SizeIs(7));
  const CoherentMemoryDsd memory = interpret_coherent_memory(walk.dsds[4]);
  EXPECT_EQ(memory.base_pa, 0x4200'0000'0000U);
  EXPECT_EQ(memory.size, 0x17'E4F0'0000U);
}

TEST(AmlWalk, ReadsThirtyTwoBitTables) {
  const AmlWalk walk = walk_fixture(read_file(fixture("narrow")));
  EXPECT_THAT(walk.notes, IsEmpty());
  ASSERT_THAT(walk.dsds, ElementsAre(found("\\_SB_.DEV0")));
  EXPECT_EQ(std::get<std::uint64_t>(walk.dsds[0].properties.at(0).value),
            0xFFFF'FFFFU);
}

TEST(AmlWalk, SurvivesTruncationAtEveryByte) {
  const Aml bytes = read_file(fixture("everything"));
  ASSERT_GT(bytes.size(), kAcpiHeaderSize);
  const Bytes body = Bytes(bytes).subspan(kAcpiHeaderSize);
  for (std::size_t size = 0; size < body.size(); ++size) {
    // A copy, so that a sanitizer sees any read behind the end.
    const Aml cut(body.begin(), body.begin() + static_cast<long>(size));
    const AmlWalk walk = find_dsds(test::table_with(cut));
    for (const AmlNote& note : walk.notes) {
      EXPECT_LT(note.offset, kAcpiHeaderSize + size);
    }
  }
}

TEST(AmlWalk, SurvivesEveryByteBeingInverted) {
  const Aml bytes = read_file(fixture("everything"));
  ASSERT_GT(bytes.size(), kAcpiHeaderSize);
  Aml body(bytes.begin() + kAcpiHeaderSize, bytes.end());
  for (std::uint8_t& byte : body) {
    byte ^= 0xFFU;
    const AmlWalk walk = find_dsds(test::table_with(body));
    for (const DeviceDsd& dsd : walk.dsds) {
      EXPECT_LT(dsd.offset, kAcpiHeaderSize + body.size());
    }
    byte ^= 0xFFU;
  }
}

TEST(AmlWalk, FollowsTheTablesOfThisMachine) {
  const std::filesystem::path path = "/sys/firmware/acpi/tables/DSDT";
  const Aml bytes = read_file(path);
  if (bytes.empty()) {
    GTEST_SKIP() << path << " is absent or not readable by this user";
  }
  const auto table = parse_acpi_table("DSDT", bytes);
  ASSERT_TRUE(table) << table.error().problem;
  const AmlWalk walk = find_dsds(*table);
  for (const AmlNote& note : walk.notes) {
    ADD_FAILURE() << "byte " << note.offset << ": " << note.problem;
  }
}

}  // namespace
}  // namespace nvgpuctl
