// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "cli/completion.hpp"
#include "cli/help.hpp"
#include "cli/main_cli.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome run_with(const std::vector<std::string_view>& args,
                 bool color = false) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(args, {.out = out, .err = err, .color = color});
  return {code, out.str(), err.str()};
}

TEST(Run, PrintsDataOnStandardOutputOnly) {
  const auto outcome = run_with({"version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.find("nvgpuctl "), 0U);
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(Run, PrintsErrorsOnStandardErrorOnly) {
  const auto outcome = run_with({"-o", "json", "lst"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(outcome.err,
            "nvgpuctl: 'lst': is not a verb\nhint: did you mean 'list'?\n");
}

TEST(Run, SaysThatARootIsNotThere) {
  const auto outcome = run_with({"--root", "/nowhere", "list"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("/nowhere"));
}

TEST(Run, LooksForARootThatAVerbDoesNotRead) {
  const auto outcome =
      run_with({"--root", "/nowhere", "xml", "unmerge", "/dev/null"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, StartsWith("nvgpuctl: /nowhere: "));
}

// Refused for what comes next, so that no host is looked at.
TEST(Run, KnowsTheLiveHostByEachOfItsNames) {
  for (const auto* root : {"/", "//", "/.", "/usr/.."}) {
    EXPECT_THAT(run_with({"--root", root, "xml", "merge", "--domain", "d",
                          "--vcpus", "0"})
                    .err,
                StartsWith("nvgpuctl: --vcpus: "))
        << root;
  }
}

TEST(Run, SaysHowADomainOfLibvirtsIsNamedWhereAFileIsWanted) {
  EXPECT_THAT(run_with({"xml", "unmerge", "no-such-domain"}).err,
              HasSubstr("hint: a domain of libvirt's is named by --domain "
                        "no-such-domain"));
  for (const auto* file : {"./no-such-file", "no-such-file.xml"}) {
    EXPECT_THAT(run_with({"xml", "unmerge", file}).err,
                Not(HasSubstr("--domain")));
  }
}

TEST(Run, SaysWhoMayWhereThatIsAllThereIsToSay) {
  std::ostringstream err;
  print_error(err,
              {Errc::permission, "/run/nvgpuctl", "Permission denied", ""});
  EXPECT_EQ(err.str(),
            "nvgpuctl: /run/nvgpuctl: Permission denied\nhint: try as root\n");
}

TEST(Run, ExplainsTheHookToWhoTriesItByHand) {
  const auto outcome = run_with({"hook", "qemu"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("libvirt calls this"));
}

TEST(Run, DisarmsWhatItRepeats) {
  EXPECT_THAT(run_with({"\x1b[31m"}).err, Not(HasSubstr("\x1b")));
}

TEST(Run, FailsWhenDataCannotBeWritten) {
  std::ostringstream out;
  std::ostringstream err;
  out.setstate(std::ios::badbit);
  const std::vector<std::string_view> args{"version"};
  EXPECT_EQ(run(args, {.out = out, .err = err}), 1);
  EXPECT_THAT(err.str(),
              HasSubstr("nvgpuctl: standard output: cannot be written"));
}

TEST(Run, KeepsToTheWishedColour) {
  EXPECT_THAT(run_with({"help"}, true).out, HasSubstr("\x1b[1m"));
  EXPECT_THAT(run_with({"help"}, false).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(run_with({"list", "--help", "--color=never"}, true).out,
              Not(HasSubstr("\x1b")));
  EXPECT_THAT(run_with({"list", "--help", "--color=always"}, false).out,
              HasSubstr("\x1b[1m"));
}

TEST(Validate, WantsWritingSaidTwice) {
  const auto outcome = run_with({"validate", "--all", "--write-test"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "nvgpuctl: --write-test: writes to the GPU's memory\n"
            "hint: say so with --force=write\n");
  EXPECT_EQ(run_with({"validate", "--all", "--force=write"}).err,
            "nvgpuctl: --force: is only for --write-test\n");
  EXPECT_EQ(run_with({"validate", "--write-test", "--force=all"}).code, 2);
}

TEST(Validate, WritesToNoRecordedHost) {
  const auto outcome = run_with({"--root", "/recorded", "validate", "--all",
                                 "--write-test", "--force=write"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "nvgpuctl: /recorded: is a recorded host, which cannot be written "
            "to\n");
}

TEST(Help, ListsEveryVerbAndExitCode) {
  const std::string text = run_with({"help"}).out;
  for (const auto& command : commands()) {
    EXPECT_THAT(text, HasSubstr("\n  " + std::string(command.name)));
  }
  EXPECT_THAT(text, HasSubstr("\n  70  a bug in nvgpuctl\n"));
}

TEST(Help, SaysWhatAVerbTakes) {
  EXPECT_THAT(run_with({"help", "bind"}).out,
              StartsWith("usage: nvgpuctl bind [OPTION...] GPU...|--all\n"));
  EXPECT_THAT(run_with({"help", "hook udev"}).out,
              StartsWith("usage: nvgpuctl hook udev [OPTION...] ADDRESS\n"));
  EXPECT_THAT(run_with({"help", "report"}).out,
              StartsWith("usage: nvgpuctl report [OPTION...] [FILE]\n"));
}

TEST(Help, NamesEveryOptionOfAVerbWithinTheWidth) {
  for (const auto& command : commands()) {
    const auto outcome = run_with({"help", command.name});
    const auto& text = outcome.out;
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(text.find("usage: nvgpuctl " + std::string(command.name)), 0U);
    EXPECT_THAT(text, Not(HasSubstr(" \n")));
    EXPECT_THAT(text, HasSubstr("-o, --output FORMAT"));
    for (const auto& option : command.options) {
      EXPECT_THAT(text, HasSubstr("  " + option_usage(option)));
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80U) << line;
    }
  }
}

TEST(Help, ShowsAGroupOfVerbs) {
  const std::string text = run_with({"help", "xml"}).out;
  EXPECT_THAT(text, HasSubstr("xml generate"));
  EXPECT_THAT(text, Not(HasSubstr("doctor")));
}

TEST(Completion, AsksWhichShell) {
  const auto outcome = run_with({"completion"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("bash, zsh, fish"));
}

TEST(Completion, KnowsEveryOption) {
  for (const auto& command : commands()) {
    for (const auto& option : command.options) {
      const std::string name(long_name(option));
      EXPECT_THAT(bash_completion(), HasSubstr(" " + name));
      EXPECT_THAT(zsh_completion(), HasSubstr(name + "["));
      EXPECT_THAT(fish_completion(), HasSubstr(" -l " + name.substr(2)));
    }
  }
}

}  // namespace
}  // namespace nvgpuctl::cli
