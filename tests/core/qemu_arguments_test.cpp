// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/qemu_arguments.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<QemuOption> options_of(const std::vector<std::string>& words) {
  std::vector<DomainArgument> args;
  for (const auto& word : words) {
    args.push_back({{"/domain/qemu:commandline/qemu:arg", 1}, word});
  }
  return qemu_options(args);
}

TEST(QemuOptions, AreTakenApartAtCommasAndEqualsSigns) {
  const auto options = options_of({"-numa", "node,nodeid=1,memdev=ram"});
  ASSERT_THAT(options, SizeIs(1));
  EXPECT_EQ(options[0].option, "numa");
  EXPECT_EQ(options[0].head, "node");
  EXPECT_THAT(options[0].values,
              UnorderedElementsAre(Pair("nodeid", "1"), Pair("memdev", "ram")));
}

TEST(QemuOptions, HaveTheSameMeaningInJson) {
  const auto options = options_of(
      {"-object",
       R"({"qom-type":"acpi-generic-initiator","id":"gi0", "node":3})"});
  ASSERT_THAT(options, SizeIs(1));
  EXPECT_EQ(options[0].head, "acpi-generic-initiator");
  EXPECT_EQ(options[0].value("id"), "gi0");
  EXPECT_EQ(options[0].number("node"), 3U);
}

TEST(QemuOptions, MayHaveTwoDashesAndMForMachine) {
  const auto options = options_of({"--object", "iommufd,id=a", "-M", "virt"});
  ASSERT_THAT(options, SizeIs(2));
  EXPECT_EQ(options[0].option, "object");
  EXPECT_EQ(options[1].option, "machine");
}

TEST(QemuOptions, WithoutAValueAreLeftOut) {
  EXPECT_THAT(options_of({"-nographic", "-S", "-numa", "node", "-trace"}),
              SizeIs(1));
}

TEST(QemuOption, HasNoNumberWhereThereIsNone) {
  const auto options = options_of({"-numa", "node,nodeid=x"});
  EXPECT_EQ(options[0].number("nodeid"), std::nullopt);
  EXPECT_EQ(options[0].number("cpus"), std::nullopt);
}

TEST(QemuSize, IsInBytesOrHasASuffix) {
  EXPECT_EQ(parse_qemu_size("1T"), kTiB);
  EXPECT_EQ(parse_qemu_size("1073741824K"), kTiB);
  EXPECT_EQ(parse_qemu_size("512g"), 512 * kGiB);
  EXPECT_EQ(parse_qemu_size("4096"), 4096U);
  EXPECT_EQ(parse_qemu_size("0x1000"), 4096U);
}

TEST(QemuSize, IsNothingForWhatIsNone) {
  for (const auto* text :
       {"", "T", "1X", "1.5T", "-1", "99999999999999999999", "17179869184G"}) {
    EXPECT_EQ(parse_qemu_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace nvgpuctl
