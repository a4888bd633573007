// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/layout.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace nvgpuctl::cli {
namespace {

std::string prose(std::size_t width, std::string_view first,
                  std::string_view text) {
  std::ostringstream out;
  print_prose(out, width, first, text);
  return out.str();
}

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  std::ostringstream out;
  std::ostringstream err;
  Context context{.out = out, .err = err};
  Table table({"NAME", "SIZE"});
  table.add({{"long name"}, {"1"}});
  table.add({{""}, {"22"}});
  table.print(context, 1);
  EXPECT_EQ(out.str(),
            " NAME       SIZE\n"
            " long name  1\n"
            " -          22\n");
}

TEST(Table, ColoursWithoutMovingColumns) {
  std::ostringstream out;
  std::ostringstream err;
  Context context{.color = true, .out = out, .err = err};
  Table table({"A", "B"});
  table.add({{"ready", Style::good}, {"x"}});
  table.print(context);
  EXPECT_EQ(out.str(),
            "\x1b[1mA\x1b[0m      \x1b[1mB\x1b[0m\n"
            "\x1b[32mready\x1b[0m  x\n");
}

TEST(Table, CountsLettersAndNotBytes) {
  std::ostringstream out;
  std::ostringstream err;
  Context context{.out = out, .err = err};
  Table table({"A", "B"});
  table.add({{"\xC3\xA9"}, {"x"}});
  table.print(context);
  EXPECT_EQ(out.str(), "A  B\n\xC3\xA9  x\n");
}

TEST(Prose, IsBrokenAtBlanksAndHangs) {
  EXPECT_EQ(prose(30, "note: ", "one two three four five six seven"),
            "note: one two three four five\n"
            "      six seven\n");
}

TEST(Prose, KeepsAWordThatIsWiderThanTheTerminal) {
  EXPECT_EQ(prose(1, "", "/sys/bus/pci/devices/0009:01:00.0 x"),
            "/sys/bus/pci/devices/0009:01:00.0\nx\n");
}

TEST(Prose, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_EQ(prose(80, "note: ", " "), "");
}

TEST(Printable, DisarmsTerminalSequences) {
  EXPECT_EQ(printable("\x1b[31mred\x07\x7f\n"), "?[31mred???");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(Printable, DisarmsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\x9B"
                      "31m"),
            "?31m")
      << "the control character of 8-bit terminals";
  EXPECT_EQ(printable("a\xC3"), "a?") << "cut off";
  EXPECT_EQ(printable("\xE2\x82z"), "??z");
  EXPECT_EQ(printable("\xFF\xC0\x9B"), "???");
  EXPECT_EQ(printable("\xE2\x82\xAC \xF0\x9F\x99\x82 \xC3\x9B"),
            "\xE2\x82\xAC \xF0\x9F\x99\x82 \xC3\x9B");
}

}  // namespace
}  // namespace nvgpuctl::cli
