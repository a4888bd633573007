// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/numa_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

TEST(NumaFiles, SayWhatEachNodeHas) {
  FakeRoot fake;
  fake.numa_list("online", "0-1").numa_list("possible", "0-63");
  fake.numa_list("has_generic_initiator", "1");
  fake.numa_node(0, "0-71", 501797888, "10 80");
  fake.numa_node(1, "", 0, "80 10");
  std::vector<std::string> problems;
  const auto numa = read_numa(fake.open(), problems);
  EXPECT_THAT(numa.online, ElementsAre(0, 1));
  EXPECT_THAT(numa.possible, SizeIs(64));
  EXPECT_THAT(numa.generic_initiators, Optional(ElementsAre(1)));
  ASSERT_THAT(numa.nodes, SizeIs(2));
  EXPECT_THAT(numa.nodes[0].cpus, SizeIs(72));
  EXPECT_EQ(numa.nodes[0].memory_bytes, 513'841'037'312U);
  EXPECT_THAT(numa.nodes[0].distances, ElementsAre(10, 80));
  EXPECT_EQ(numa.nodes[1].id, 1U);
  EXPECT_THAT(numa.nodes[1].cpus, IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST(NumaFiles, TellAnOldKernelFromAHostWithoutInitiators) {
  FakeRoot fake;
  fake.numa_list("online", "0");
  std::vector<std::string> problems;
  EXPECT_EQ(read_numa(fake.open(), problems).generic_initiators, std::nullopt);
  fake.numa_list("has_generic_initiator", "");
  EXPECT_THAT(read_numa(fake.open(), problems).generic_initiators,
              Optional(IsEmpty()));
}

TEST(NumaFiles, MayBeMissing) {
  FakeRoot fake;
  std::vector<std::string> problems;
  const auto numa = read_numa(fake.open(), problems);
  EXPECT_THAT(numa.nodes, IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST(NumaFiles, ThatAreBrokenAreNamed) {
  FakeRoot fake;
  fake.numa_list("online", "0").numa_list("possible", "0-99999999");
  fake.numa_node(0, "x", 0, "10 -1");
  std::vector<std::string> problems;
  const auto numa = read_numa(fake.open(), problems);
  ASSERT_THAT(numa.nodes, SizeIs(1));
  EXPECT_THAT(numa.nodes[0].distances, IsEmpty());
  EXPECT_THAT(
      problems,
      ElementsAre("/sys/devices/system/node/possible: not a list of numbers",
                  "/sys/devices/system/node/node0/cpulist: not a list of "
                  "numbers",
                  "/sys/devices/system/node/node0/distance: not a list of "
                  "distances"));
}

TEST(NumaFiles, GiveNoMoreMemoryThanThereAreAddresses) {
  FakeRoot fake;
  fake.numa_list("online", "0");
  fake.numa_node(0, "0", 18014398509481985U, "10");  // 2^54 + 1 kB
  std::vector<std::string> problems;
  EXPECT_EQ(read_numa(fake.open(), problems).nodes[0].memory_bytes, 0U);
}

TEST(NumaFiles, AreReadForNoMoreNodesThanLinuxCanHave) {
  FakeRoot fake;
  fake.numa_list("online", "0-65535");
  std::vector<std::string> problems;
  EXPECT_THAT(read_numa(fake.open(), problems).nodes, SizeIs(1024));
}

}  // namespace
}  // namespace nvgpuctl
