// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/write_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/model_vfio.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr MemoryRegion kUsable{4, 0x420000000000, 0x17A0000000, 128 * kGiB};
constexpr std::uint64_t kLast = 0x17A0000000 - 32;

std::vector<std::string> bad(const CheckSection& section) {
  std::vector<std::string> lines;
  for (const auto& one : section.checks) {
    if (one.verdict != Verdict::pass && one.verdict != Verdict::skipped) {
      lines.push_back(one.id + ": " + one.seen);
    }
  }
  return lines;
}

TEST(WriteTest, PassesAndLeavesTheMemoryAsItWas) {
  ModelVfio model;
  model.bytes = {{0, 0x12}, {31, 0x34}, {kLast, 0x56}, {kLast + 31, 0x78}};
  EXPECT_THAT(bad(test_writing(model, kUsable)), IsEmpty());
  EXPECT_EQ(model.bytes[0], 0x12);
  EXPECT_EQ(model.bytes[1], 0);
  EXPECT_EQ(model.bytes[31], 0x34);
  EXPECT_EQ(model.bytes[kLast], 0x56);
  EXPECT_EQ(model.bytes[kLast + 31], 0x78);
}

TEST(WriteTest, WritesOnlyTheEndsTheTailAndTheCommandRegister) {
  ModelVfio model;
  test_writing(model, kUsable);
  EXPECT_THAT(model.writes,
              ElementsAre("config 0x4 = 0x2", "region 4 0x0", "region 4 0x0",
                          "region 4 0x179fffffe0", "region 4 0x179fffffe0",
                          "region 4 0x0", "region 4 0x179fffffe0",
                          "region 4 0x17a0000000", "config 0x4 = 0x0"));
}

TEST(WriteTest, FailsForMemoryThatForgets) {
  ModelVfio model;
  model.forgotten_write = "region 4 0x0";
  EXPECT_THAT(bad(test_writing(model, kUsable)),
              ElementsAre("write-first: 0x0 at 0x0, written was 0x11"));
}

TEST(WriteTest, FailsForMappingsThatShowSomethingElse) {
  ModelVfio model;
  model.mappings_show_memory = false;
  EXPECT_THAT(bad(test_writing(model, kUsable)),
              ElementsAre("write-mapped: 0x0 at 0x0, written was 0x11; 0x0 at "
                          "0x179fffffe0, written was 0x5a"));
}

TEST(WriteTest, PutsBackWhatItWroteWhenReadingBackFails) {
  ModelVfio model;
  model.bytes = {{0, 0x12}};
  model.fail_on("read 32 of region 4 at 0x0", "Input/output error", 1);
  const auto section = test_writing(model, kUsable);
  EXPECT_EQ(bad(section).front(),
            "write-first: reading back: Input/output error");
  EXPECT_EQ(model.bytes[0], 0x12);
}

TEST(WriteTest, WritesNothingWhereItCouldNotReadFirst) {
  ModelVfio model;
  model.fail_on("read 32 of region 4 at 0x0", "Input/output error");
  const auto section = test_writing(model, kUsable);
  EXPECT_THAT(bad(section),
              ElementsAre("write-first: reading: Input/output error"));
  EXPECT_THAT(model.writes, Not(testing::Contains("region 4 0x0")));
}

TEST(WriteTest, FailsForATailThatReachesMemory) {
  ModelVfio model;
  model.tail = 0;
  EXPECT_THAT(bad(test_writing(model, kUsable)),
              ElementsAre("write-tail: it does not read as ones any more"));
}

TEST(WriteTest, SkipsATailThatIsNotThere) {
  ModelVfio model;
  model.memory[4] = {128 * kGiB, 128 * kGiB};
  const auto section =
      test_writing(model, {4, 0x420000000000, 128 * kGiB, 128 * kGiB});
  EXPECT_THAT(bad(section), IsEmpty());
  EXPECT_EQ(section.checks[3].id, "write-tail");
  EXPECT_EQ(section.checks[3].verdict, Verdict::skipped);
}

TEST(WriteTest, SaysWhenTheMemoryCouldNotBePutBack) {
  ModelVfio model;
  model.fail_on("region 4 0x0", "No such device", 2);
  const auto lines = bad(test_writing(model, kUsable));
  EXPECT_THAT(lines, ElementsAre("write-restored: writing: No such device"));
}

}  // namespace
}  // namespace nvgpuctl
