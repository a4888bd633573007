// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/hung_write.hpp"

#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

const HungWrite kHung{"0009:01:00.0",
                      412,
                      6023,
                      "/sys/bus/pci/devices/0009:01:00.0/driver/unbind",
                      "0009:01:00.0",
                      "2026-01-31T09:30:00Z",
                      60000,
                      true,
                      "vfio_unregister_group_dev"};

std::string problem(std::string_view text) {
  const auto hung = parse_hung(text, "record");
  return hung ? "" : hung.error().subject + ": " + hung.error().problem;
}

TEST(HungWrite, IsReadAsItWasWritten) {
  const auto again = parse_hung(write_hung_text(kHung), "record");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->subject, "0009:01:00.0");
  EXPECT_EQ(again->pid, 412U);
  EXPECT_EQ(again->start_ticks, 6023U);
  EXPECT_EQ(again->path, kHung.path);
  EXPECT_EQ(again->value, "0009:01:00.0");
  EXPECT_EQ(again->when, "2026-01-31T09:30:00Z");
  EXPECT_EQ(again->bound_ms, 60000U);
  EXPECT_FALSE(again->overdue) << "that is for whoever looks";
}

TEST(HungWrite, IsASentenceForAnOperator) {
  EXPECT_EQ(to_string(kHung),
            "process 412 has not come back from writing '0009:01:00.0' to "
            "/sys/bus/pci/devices/0009:01:00.0/driver/unbind since "
            "2026-01-31T09:30:00Z, and is in vfio_unregister_group_dev");
  EXPECT_EQ(to_string({"module nvidia", 7, 1, "/sbin/modprobe", "nvidia",
                       "2026-01-31T09:30:00Z", 60000, false, ""}),
            "process 7 has not come back from /sbin/modprobe nvidia since "
            "2026-01-31T09:30:00Z");
}

TEST(HungWrite, IsNotGuessedFromADamagedRecord) {
  EXPECT_EQ(problem("{}"), "record:1:1: the record lacks \"apiVersion\"");
  EXPECT_EQ(problem("{\"pid"), "record:1:6: illegal EOF in scalar");
  auto text = write_hung_text(kHung);
  text.replace(text.find("\"412\""), 5, "\"x\"");
  EXPECT_EQ(problem(text), "record:1:1: is no record of this version");
}

TEST(ProcessStat, IsReadBehindAnyName) {
  const auto stat = parse_process_stat(
      "412 (a) Z (b) D 1 412 412 0 -1 64 98 0 0 0 0 0 0 0 20 0 1 0 6023 2646 "
      "0\n",
      "stat");
  ASSERT_TRUE(stat);
  EXPECT_FALSE(stat->ended);
  EXPECT_EQ(stat->start_ticks, 6023U);
}

TEST(ProcessStat, KnowsAProcessThatHasEnded) {
  EXPECT_TRUE(parse_process_stat("412 (nvgpuctl) Z 1 4 4 0 -1 64 9 0 0 0 0 0 0 "
                                 "0 20 0 1 0 6023 0",
                                 "stat")
                  ->ended);
  EXPECT_EQ(parse_process_stat("412 (nvgpuctl", "stat").error().problem,
            "is not what proc_pid_stat(5) says");
  EXPECT_FALSE(parse_process_stat("412 (nvgpuctl) D 1", "stat"));
}

}  // namespace
}  // namespace nvgpuctl
