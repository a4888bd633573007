// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/device_table.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>

namespace nvgpuctl {
namespace {

std::string document(const std::string& body) {
  return "apiVersion: nvgpuctl/v1\nkind: DeviceTable\n" + body;
}

// The error of merging a document whose body begins in line 3.
Error merge_error(const std::string& body) {
  DeviceTable table;
  auto merged = table.merge(document(body), "gpus.yaml");
  EXPECT_FALSE(merged) << body;
  return merged ? Error{} : merged.error();
}

TEST(ShippedDeviceTable, IsWhatReadingItsSourceGives) {
  std::ifstream file(DEVICES_YAML);
  const std::string source{std::istreambuf_iterator<char>(file), {}};
  DeviceTable read;
  const auto merged = read.merge(source, "devices.yaml");
  ASSERT_TRUE(merged) << merged.error().subject << merged.error().problem;
  ASSERT_EQ(read.entries().models.size(), 5U);
  EXPECT_EQ(DeviceTable::shipped().entries(), read.entries());
}

TEST(ShippedDeviceTable, KnowsTheHopperModels) {
  const auto table = DeviceTable::shipped();
  for (const std::uint16_t id :
       std::array<std::uint16_t, 3>{0x2342, 0x2345, 0x2348}) {
    const auto model = table.find(id);
    ASSERT_TRUE(model) << id;
    EXPECT_TRUE(model->known);
    EXPECT_EQ(model->family, Family::hopper);
    EXPECT_EQ(model->gi_nodes, 8U);
  }
  EXPECT_EQ(table.find(0x2342)->name, "GH200 120GB");
  EXPECT_EQ(table.find(0x2342, 0x16eb)->name, "GH200 120GB");
  EXPECT_EQ(table.find(0x2342, 0x1809)->name, "GH200 480GB");
  EXPECT_EQ(table.find(0x2345)->name, "GH200 480GB");
  EXPECT_EQ(table.find(0x2348)->name, "GH200 144G HBM3e");
}

TEST(DeviceTable, RefusesABoardWithoutAName) {
  auto table = DeviceTable::shipped();
  const auto merged = table.merge(
      "apiVersion: nvgpuctl/v1\nkind: DeviceTable\nmodels:\n"
      "  - id: \"10de:2342\"\n    name: GH200\n    family: hopper\n"
      "    boards:\n      - {id: \"10de:1809\"}\n",
      "own.yaml");
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().subject, "own.yaml:8:9");
  EXPECT_NE(merged.error().problem.find("name"), std::string::npos);
}

TEST(ShippedDeviceTable, KnowsTheBlackwellModels) {
  const auto table = DeviceTable::shipped();
  ASSERT_TRUE(table.find(0x2941));
  EXPECT_EQ(table.find(0x2941)->name, "GB200");
  EXPECT_EQ(table.find(0x2941)->family, Family::blackwell);
  ASSERT_TRUE(table.find(0x31C2));
  EXPECT_EQ(table.find(0x31C2)->name, "GB300");
}

TEST(ShippedDeviceTable, CallsUnlistedIdsOfTheRangesUnknown) {
  const auto table = DeviceTable::shipped();
  struct Case {
    std::uint16_t id;
    Family family;
  };
  for (const Case& expected :
       {Case{0x2340, Family::hopper}, Case{0x237F, Family::hopper},
        Case{0x2940, Family::blackwell}, Case{0x297F, Family::blackwell},
        Case{0x29C1, Family::blackwell}, Case{0x29FF, Family::blackwell},
        Case{0x31A1, Family::blackwell}, Case{0x31C0, Family::blackwell},
        Case{0x31FF, Family::blackwell}, Case{0x3341, Family::blackwell},
        Case{0x337F, Family::blackwell}}) {
    const auto model = table.find(expected.id);
    ASSERT_TRUE(model) << expected.id;
    EXPECT_FALSE(model->known) << expected.id;
    EXPECT_EQ(model->family, expected.family) << expected.id;
    EXPECT_EQ(model->name, "unknown Grace GPU");
  }
}

TEST(ShippedDeviceTable, LeavesTheIdsBesideTheRangesAlone) {
  const auto table = DeviceTable::shipped();
  for (const std::uint16_t id : std::array<std::uint16_t, 14>{
           0x233F, 0x2380, 0x293F, 0x2980, 0x29C0, 0x2A00, 0x31A0, 0x31A2,
           0x31BF, 0x3200, 0x3340, 0x3380, 0x2330, 0x3041}) {
    EXPECT_FALSE(table.find(id)) << id;
  }
}

TEST(ShippedDeviceTable, SaysWhyGb10IsNoGraceGpu) {
  const auto table = DeviceTable::shipped();
  EXPECT_FALSE(table.find(0x2E12));
  ASSERT_TRUE(table.exclusion(0x2E12));
  EXPECT_TRUE(
      table.exclusion(0x2E12)->starts_with("GB10 (DGX Spark) has no memory"));
  EXPECT_FALSE(table.exclusion(0x2342));
}

TEST(DeviceTable, OverridesTheShippedModelIdById) {
  auto table = DeviceTable::shipped();
  ASSERT_TRUE(table.merge(
      document("models:\n"
               "  - {id: 10de:2342, name: Lab GH200, family: hopper, "
               "giNodes: 4}\n"),
      "lab.yaml"));
  EXPECT_EQ(table.find(0x2342)->name, "Lab GH200");
  EXPECT_EQ(table.find(0x2342)->gi_nodes, 4U);
  EXPECT_EQ(table.find(0x2941)->name, "GB200");
}

TEST(DeviceTable, LetsALaterModelEndAnExclusionAndTheReverse) {
  auto table = DeviceTable::shipped();
  ASSERT_TRUE(table.merge(
      document("models:\n- {id: 10de:2e12, name: Mine, family: blackwell}\n"
               "exclusions:\n- {id: 10de:2342, reason: broken board}\n"),
      "lab.yaml"));
  EXPECT_EQ(table.find(0x2E12)->name, "Mine");
  EXPECT_FALSE(table.exclusion(0x2E12));
  EXPECT_FALSE(table.find(0x2342)) << "although it is in a range";
  EXPECT_EQ(table.exclusion(0x2342), "broken board");
}

TEST(DeviceTable, LooksAtALaterRangeFirst) {
  auto table = DeviceTable::shipped();
  ASSERT_TRUE(
      table.merge(document("selfHosted:\n- {first: 10de:2350, last: 10de:2351, "
                           "family: blackwell}\n"),
                  "lab.yaml"));
  EXPECT_EQ(table.find(0x2350)->family, Family::blackwell);
  EXPECT_EQ(table.find(0x2352)->family, Family::hopper);
}

TEST(DeviceTable, StaysAsItWasWhenAMergeFails) {
  auto table = DeviceTable::shipped();
  ASSERT_FALSE(table.merge(
      document("models:\n"
               "  - {id: 10de:2342, name: Other, family: hopper}\n"
               "  - {id: 10de:2345, name: Other, family: ampere}\n"),
      "lab.yaml"));
  EXPECT_EQ(table.find(0x2342)->name, "GH200 120GB");
}

TEST(DeviceTable, PointsAtAnUnknownKeyAndSuggestsTheNearest) {
  const auto error = merge_error("modles: []\n");
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_EQ(error.subject, "gpus.yaml:3:1");
  EXPECT_EQ(error.problem, "unknown key \"modles\" in the device table");
  EXPECT_EQ(error.hint, "did you mean \"models\"?");
}

TEST(DeviceTable, ListsTheKeysWhenNoneIsNear) {
  EXPECT_EQ(merge_error("zebra: 1\n").hint,
            "known: apiVersion, kind, models, selfHosted, exclusions");
}

TEST(DeviceTable, PointsAtAnUnknownKeyInsideAModel) {
  const auto error = merge_error(
      "models:\n  - id: 10de:2342\n    name: A\n    famly: hopper\n");
  EXPECT_EQ(error.subject, "gpus.yaml:6:5");
  EXPECT_EQ(error.hint, "did you mean \"family\"?");
}

TEST(DeviceTable, SuggestsTheNearestFamily) {
  const auto error =
      merge_error("models:\n- {id: 10de:2342, name: A, family: hoper}\n");
  EXPECT_EQ(error.subject, "gpus.yaml:4:36");
  EXPECT_EQ(error.problem, "family must be one of: hopper, blackwell");
  EXPECT_EQ(error.hint, "did you mean \"hopper\"?");
}

TEST(DeviceTable, NamesTheKeyThatIsMissing) {
  const auto error = merge_error("models:\n  - id: 10de:2342\n    name: A\n");
  EXPECT_EQ(error.subject, "gpus.yaml:4:5");
  EXPECT_EQ(error.problem, "a model lacks \"family\"");
}

TEST(DeviceTable, TakesIdsOnlyAsLspciSpellsThem) {
  for (const auto* id : {"2342", "0x2342", "10de:234", "10de:23421",
                         "10de:0x42", "1002:2342", "[]", "~"}) {
    const auto error = merge_error("models:\n- {id: " + std::string(id) +
                                   ", name: A, family: hopper}\n");
    EXPECT_EQ(error.subject, "gpus.yaml:4:8") << id;
    EXPECT_EQ(error.problem, "id must be a PCI id of NVIDIA") << id;
    EXPECT_EQ(error.hint, "write it as lspci -nn does, \"10de:2342\"") << id;
  }
}

TEST(DeviceTable, RefusesANameThatIsNoText) {
  for (const auto* name : {"120", "true", "0x10", "1.5", "[a]"}) {
    EXPECT_EQ(merge_error("models:\n- {id: 10de:2342, name: " +
                          std::string(name) + ", family: hopper}\n")
                  .problem,
              "name must be text")
        << name;
  }
}

TEST(DeviceTable, RefusesANameThatWouldDisturbATerminal) {
  EXPECT_EQ(merge_error("models:\n- {id: 10de:2342, name: \"a\\e[31m\", "
                        "family: hopper}\n")
                .problem,
            "name holds unprintable characters");
}

TEST(DeviceTable, BoundsTheNumberOfNodes) {
  for (const auto* nodes : {"0", "33", "-1", "8.0", "\"8\"", "many"}) {
    const auto error = merge_error(
        "models:\n- {id: 10de:2342, name: A, family: hopper, "
        "giNodes: " +
        std::string(nodes) + "}\n");
    EXPECT_EQ(error.subject, "gpus.yaml:4:53") << nodes;
    EXPECT_EQ(error.problem, "giNodes must be a number from 1 to 32") << nodes;
  }
}

TEST(DeviceTable, RefusesAnIdGivenTwiceInOneDocument) {
  const auto error = merge_error(
      "models:\n"
      "- {id: 10de:2342, name: A, family: hopper}\n"
      "exclusions:\n"
      "- {id: 10de:2342, reason: B}\n");
  EXPECT_EQ(error.subject, "gpus.yaml:6:8");
  EXPECT_EQ(error.problem, "10de:2342 is given twice");
}

TEST(DeviceTable, RefusesARangeThatEndsBeforeItBegins) {
  const auto error = merge_error(
      "selfHosted:\n- {first: 10de:2350, last: 10de:234f, family: hopper}\n");
  EXPECT_EQ(error.subject, "gpus.yaml:4:28");
  EXPECT_EQ(error.problem, "the range ends before it begins");
}

TEST(DeviceTable, RefusesRangesThatOverlap) {
  const auto error = merge_error(
      "selfHosted:\n"
      "- {first: 10de:2340, last: 10de:237f, family: hopper}\n"
      "- {first: 10de:237f, last: 10de:2380, family: hopper}\n");
  EXPECT_EQ(error.subject, "gpus.yaml:5:3");
  EXPECT_EQ(error.problem, "overlaps the range 10de:2340 to 10de:237f");
}

TEST(DeviceTable, RefusesAnotherVersionAndAnotherKind) {
  DeviceTable table;
  auto version =
      table.merge("apiVersion: nvgpuctl/v2\nkind: DeviceTable\n", "gpus.yaml");
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().subject, "gpus.yaml:1:13");
  EXPECT_EQ(version.error().problem, "apiVersion must be one of: nvgpuctl/v1");
  auto kind = table.merge("apiVersion: nvgpuctl/v1\nkind: Policy\n", "p.yaml");
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().subject, "p.yaml:2:7");
}

TEST(DeviceTable, SaysThatAnEmptyDocumentIsNoTable) {
  DeviceTable table;
  auto merged = table.merge("", "empty.yaml");
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().subject, "empty.yaml");
  EXPECT_EQ(merged.error().problem,
            "the device table must be a map, not nothing");
}

TEST(DeviceTable, TakesADocumentThatAddsNothing) {
  DeviceTable table;
  EXPECT_TRUE(table.merge(document(""), "nothing.yaml"));
}

}  // namespace
}  // namespace nvgpuctl
