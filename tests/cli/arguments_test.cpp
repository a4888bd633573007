// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/arguments.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace nvgpuctl::cli {
namespace {

using Words = std::vector<std::string_view>;

Invocation parsed(const Words& words) {
  auto result = parse_arguments(words);
  EXPECT_TRUE(result) << result.error().subject << ": "
                      << result.error().problem;
  return result ? *result : Invocation{};
}

// "SUBJECT: PROBLEM; HINT" of a command line that must be refused.
std::string refusal(const Words& words) {
  const auto result = parse_arguments(words);
  if (result) {
    return "accepted";
  }
  EXPECT_EQ(result.error().code, Errc::usage);
  return result.error().subject + ": " + result.error().problem + "; " +
         result.error().hint;
}

TEST(Arguments, ListWithoutAVerb) {
  const auto invocation = parsed({});
  EXPECT_EQ(invocation.wish, Wish::run);
  ASSERT_NE(invocation.command, nullptr);
  EXPECT_EQ(invocation.command->name, "list");
}

TEST(Arguments, TakeOptionsBeforeAndAfterTheVerb) {
  const std::vector<Words> lines{
      {"--root", "/capture", "bind", "--dry-run", "0009:01:00.0"},
      {"--dry-run", "--root=/capture", "bind", "0009:01:00.0"},
      {"bind", "0009:01:00.0", "--dry-run", "--root", "/capture"},
  };
  for (const auto& line : lines) {
    const auto invocation = parsed(line);
    EXPECT_EQ(invocation.command->name, "bind");
    EXPECT_EQ(invocation.arguments.value("--root"), "/capture");
    EXPECT_TRUE(invocation.arguments.has("--dry-run"));
    EXPECT_EQ(invocation.arguments.operands,
              std::vector<std::string>{"0009:01:00.0"});
  }
}

TEST(Arguments, TakeTheSpellingsOfAShortOption) {
  const std::vector<Words> lines{
      {"-o", "json"}, {"-ojson"}, {"--output", "json"}, {"--output=json"}};
  for (const auto& line : lines) {
    EXPECT_EQ(parsed(line).arguments.value("--output"), "json");
  }
}

TEST(Arguments, TakeVerbsOfTwoWords) {
  const auto invocation = parsed({"xml", "-o", "json", "generate", "--gpu",
                                  "1:0.0", "--gpu", "2:0.0", "3:0.0"});
  EXPECT_EQ(invocation.command->name, "xml generate");
  EXPECT_EQ(invocation.arguments.values("--gpu"),
            (std::vector<std::string>{"1:0.0", "2:0.0"}));
  EXPECT_EQ(invocation.arguments.operands, std::vector<std::string>{"3:0.0"});
}

TEST(Arguments, TakeAnythingBehindTwoDashesAsAnOperand) {
  EXPECT_EQ(parsed({"show", "--", "--all"}).arguments.operands,
            std::vector<std::string>{"--all"});
  EXPECT_FALSE(parsed({"show", "--", "--all"}).arguments.has("--all"));
}

TEST(Arguments, DoNotHaveOptionsThatWereNotGiven) {
  const auto invocation = parsed({"bind", "x"});
  EXPECT_FALSE(invocation.arguments.has("--dry-run"));
  EXPECT_FALSE(invocation.arguments.value("--root"));
  EXPECT_TRUE(invocation.arguments.values("--gpu").empty());
}

TEST(Arguments, KnowWhatHelpIsWantedAbout) {
  EXPECT_EQ(parsed({"help"}).topic, "");
  EXPECT_EQ(parsed({"--help"}).topic, "");
  EXPECT_EQ(parsed({"help", "show"}).topic, "show");
  EXPECT_EQ(parsed({"show", "-h"}).topic, "show");
  EXPECT_EQ(parsed({"help", "xml"}).topic, "xml");
  EXPECT_EQ(parsed({"xml", "--help"}).topic, "xml");
  EXPECT_EQ(parsed({"help", "xml", "generate"}).topic, "xml generate");
  for (const Words& line : {Words{"help"}, Words{"show", "--help"}}) {
    EXPECT_EQ(parsed(line).wish, Wish::help);
  }
  EXPECT_EQ(parsed({"--version"}).wish, Wish::version);
  EXPECT_EQ(parsed({"help", "--", "list"}).topic, "list");
  EXPECT_EQ(parsed({"help", "list", "--color", "always"}).topic, "list");
  EXPECT_EQ(refusal({"help", "list", "--bogus"}),
            "--bogus: is not an option of 'nvgpuctl help'; "
            "try: nvgpuctl help help");
}

TEST(Arguments, SayWhatIsWrongWithAVerb) {
  EXPECT_EQ(refusal({"lst"}), "'lst': is not a verb; did you mean 'list'?");
  EXPECT_EQ(refusal({"frobnicate"}),
            "'frobnicate': is not a verb; try: nvgpuctl help");
  EXPECT_EQ(refusal({"0009:01:00.0", "show"}),
            "'0009:01:00.0': is not a verb; "
            "the verb comes first: nvgpuctl show 0009:01:00.0");
  EXPECT_EQ(refusal({"xml"}),
            "'xml': needs a second word; there is: xml generate, xml merge, "
            "xml unmerge, xml lint");
  EXPECT_EQ(refusal({"xml", "generte"}),
            "'xml generte': is not a verb; did you mean 'xml generate'?");
  EXPECT_EQ(refusal({"help", "shw"}),
            "'shw': is not a verb; did you mean 'show'?");
  EXPECT_EQ(refusal({""}), "'': is not a verb; try: nvgpuctl help");
}

TEST(Arguments, SayWhatIsWrongWithAnOption) {
  EXPECT_EQ(refusal({"bind", "--dry-rnu"}),
            "--dry-rnu: is not an option of 'nvgpuctl bind'; "
            "did you mean --dry-run?");
  EXPECT_EQ(refusal({"list", "--frobnicate=1"}),
            "--frobnicate: is not an option of 'nvgpuctl list'; "
            "try: nvgpuctl help list");
  EXPECT_EQ(refusal({"list", "-x"}),
            "-x: is not an option of 'nvgpuctl list'; try: nvgpuctl help list");
  EXPECT_EQ(refusal({"list", "--root"}),
            "--root: needs a value: --root PATH; ");
  EXPECT_EQ(refusal({"list", "--root", "a", "--root", "b"}),
            "--root: is given more than once; ");
  EXPECT_EQ(refusal({"list", "--root", ""}),
            "--root: needs a value, and is given an empty one; ");
  EXPECT_EQ(refusal({"completion", "bash", "-o", "json"}),
            "--output: 'nvgpuctl completion' prints no json; "
            "try: nvgpuctl help completion");
  EXPECT_EQ(refusal({"hook", "udev", "x", "-o", "json"}),
            "--output: 'nvgpuctl hook udev' prints no json; "
            "try: nvgpuctl help hook udev");
  EXPECT_EQ(refusal({"bind", "--dry-run=yes"}), "--dry-run: takes no value; ");
  EXPECT_EQ(refusal({"-o", "jsn"}),
            "--output: 'jsn' is none of table, wide, json, jsonl, yaml, svg; "
            "did you mean json?");
}

TEST(Arguments, SayWhatIsWrongWithAnOperand) {
  EXPECT_EQ(refusal({"list", "0009:01:00.0"}),
            "'0009:01:00.0': is one word too many for 'nvgpuctl list'; "
            "try: nvgpuctl help list");
  EXPECT_EQ(refusal({"completion", "bsh"}),
            "completion: 'bsh' is none of bash, zsh, fish; "
            "did you mean bash?");
  for (const auto* verb : {"show", "report", "bind"}) {
    EXPECT_EQ(refusal({verb, ""}),
              std::string("'': is an empty word; try: nvgpuctl help ") + verb);
  }
  EXPECT_EQ(parsed({"hook", "qemu", ""}).arguments.operands.size(), 1U);
}

// The verb is found before it is known whose options these are.
TEST(Commands, GiveAnOptionNameOneMeaningInAllVerbs) {
  std::set<std::string_view> flags;
  std::set<std::string_view> with_value;
  const auto sort = [&](std::span<const OptionSpec> options) {
    for (const auto& option : options) {
      for (const auto name : split(option.name, ',')) {
        (option.kind == OptionKind::flag ? flags : with_value).insert(name);
      }
    }
  };
  sort(common_options());
  for (const auto& command : commands()) {
    sort(command.options);
  }
  for (const auto name : flags) {
    EXPECT_EQ(with_value.count(name), 0U) << name;
  }
}

TEST(Commands, AreCompleteRows) {
  for (const auto& command : commands()) {
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    for (const auto& option : command.options) {
      EXPECT_FALSE(option.help.empty()) << option.name;
      EXPECT_EQ(option.metavar.empty(), option.kind == OptionKind::flag)
          << option.name;
      EXPECT_EQ(option.choices.empty(), option.kind != OptionKind::choice)
          << option.name;
    }
  }
}

}  // namespace
}  // namespace nvgpuctl::cli
