// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/yaml_value.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

Error parse_error(const std::string& yaml) {
  auto value = parse_yaml(yaml, "f.yaml");
  EXPECT_FALSE(value) << yaml;
  return value ? Error{} : value.error();
}

TEST(Yaml, KeepsEveryPlaceCountedFromOne) {
  const auto value = parse_yaml("a: 1\nb:\n  - x\n  - \"2\"\n", "f.yaml");
  ASSERT_TRUE(value);
  ASSERT_EQ(value->entries.size(), 2U);
  EXPECT_EQ(value->entries[1].key, "b");
  EXPECT_EQ(value->entries[1].key_place.line, 2);
  EXPECT_EQ(value->entries[1].key_place.column, 1);
  const auto* b = value->find("b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->items.size(), 2U);
  EXPECT_EQ(b->items[1].place.line, 4);
  EXPECT_EQ(b->items[1].place.column, 5);
  EXPECT_EQ(b->items[1].text, "2");
  EXPECT_TRUE(b->items[1].quoted);
  EXPECT_FALSE(b->items[0].quoted);
}

TEST(Yaml, GivesNothingForAnEmptyText) {
  const auto value = parse_yaml("", "f.yaml");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->kind, YamlValue::Kind::null);
}

TEST(Yaml, PointsAtASyntaxError) {
  const auto error = parse_error("a: 1\nb: [1, 2\nc: 3\n");
  EXPECT_EQ(error.code, Errc::malformed);
  EXPECT_EQ(error.subject, "f.yaml:3:2");
  EXPECT_FALSE(error.problem.empty());
}

TEST(Yaml, RefusesAKeyGivenTwice) {
  const auto error = parse_error("a: 1\nb: 2\na: 3\n");
  EXPECT_EQ(error.subject, "f.yaml:3:1");
  EXPECT_EQ(error.problem, "\"a\" is given twice");
}

TEST(Yaml, RefusesAnchorsAndAliases) {
  const auto anchor = parse_error("a: &x 1\n");
  EXPECT_EQ(anchor.subject, "f.yaml:1:4");
  EXPECT_EQ(anchor.problem, "anchors are not supported");
  EXPECT_EQ(parse_error("a: *x\n").subject, "f.yaml:1:4");
}

TEST(Yaml, RefusesTags) {
  const auto error = parse_error("a: !!int 1\n");
  EXPECT_EQ(error.subject, "f.yaml:1:4");
  EXPECT_EQ(error.problem, "tags are not supported");
}

TEST(Yaml, RefusesASecondDocument) {
  const auto error = parse_error("a: 1\n---\nb: 2\n");
  EXPECT_EQ(error.subject, "f.yaml:2:1");
  EXPECT_EQ(error.problem, "a second document begins here");
}

TEST(Yaml, RefusesAKeyThatIsNoWord) {
  EXPECT_EQ(parse_error("[a]: 1\n").problem, "a key must be a word");
  EXPECT_EQ(parse_error("? {a: b}\n: 1\n").problem, "a key must be a word");
}

TEST(Yaml, RefusesMoreThanEightLevels) {
  EXPECT_TRUE(parse_yaml("[[[[[[[[1]]]]]]]]", "f.yaml"));
  const auto error = parse_error("[[[[[[[[[1]]]]]]]]]");
  EXPECT_EQ(error.subject, "f.yaml:1:9");
  EXPECT_EQ(error.problem, "nested more than 8 levels deep");
}

TEST(Yaml, RefusesDeepNestingOfEveryKindAtOnce) {
  for (const std::string unit : {"[", "{", "- ", "? ", "{a: ", "[{"}) {
    std::string yaml;
    while (yaml.size() < 60'000) {
      yaml += unit;
    }
    parse_error(yaml);
  }
}

TEST(Yaml, RefusesMoreThan64Kibibytes) {
  EXPECT_TRUE(parse_yaml(std::string(64 * 1024UL, '#'), "f.yaml"));
  const auto error = parse_error(std::string(64 * 1024UL + 1, '#'));
  EXPECT_EQ(error.subject, "f.yaml");
  EXPECT_EQ(error.problem, "longer than 64 KiB");
}

TEST(Yaml, RefusesMoreKeysThanAnyMapOfOursHas) {
  std::string yaml;
  for (int i = 0; i < 257; ++i) {
    yaml += "k" + std::to_string(i) + ": 1\n";
  }
  const auto error = parse_error(yaml);
  EXPECT_EQ(error.subject, "f.yaml:257:1");
  EXPECT_EQ(error.problem, "more than 256 keys");
}

// yaml-cpp takes byte 4 for the end of the file and would drop what follows.
TEST(Yaml, RefusesControlCharacters) {
  const auto error = parse_error("a: 1\nb\x04: 2\n");
  EXPECT_EQ(error.subject, "f.yaml:2:2");
  EXPECT_EQ(error.problem, "control character 0x4");
  EXPECT_EQ(parse_error(std::string("\0", 1)).subject, "f.yaml:1:1");
}

TEST(Yaml, RefusesMalformedEscapesAndDirectives) {
  EXPECT_EQ(parse_error("a: \"\\q\"\n").subject, "f.yaml:1:7");
  EXPECT_EQ(parse_error("%YAML 9.9\n--- a\n").subject, "f.yaml:1:1");
}

}  // namespace
}  // namespace nvgpuctl
