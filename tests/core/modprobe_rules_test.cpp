// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/modprobe_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

ModprobeRules rules_of(std::string_view text) {
  ModprobeRules rules;
  add_modprobe_rules(text, "x.conf", rules);
  return rules;
}

TEST(ModprobeRules, KeepOffWhatIsBlacklisted) {
  EXPECT_THAT(rules_of("# blacklist a\n  blacklist\tnvidia-drm \n"
                       "options b c=1\nblacklist\n")
                  .kept_off,
              ElementsAre(Pair("nvidia_drm", "x.conf:2")));
}

TEST(ModprobeRules, KeepOffWhatIsReplacedByNothing) {
  EXPECT_THAT(rules_of("install nvidia /bin/false\n"
                       "install other /sbin/modprobe --ignore-install other\n")
                  .kept_off,
              ElementsAre(Pair("nvidia", "x.conf:1")));
}

TEST(ModprobeRules, MayGoOnInTheNextLine) {
  EXPECT_THAT(
      rules_of("blacklist \\\n nouveau\nblacklist nvidia").kept_off,
      ElementsAre(Pair("nouveau", "x.conf:1"), Pair("nvidia", "x.conf:3")));
}

TEST(ModprobeRules, SayWhatIsLoadedBefore) {
  const auto rules =
      rules_of("softdep nouveau pre: vfio-pci a post: b\nsoftdep c post: d\n");
  ASSERT_THAT(rules.softdeps, SizeIs(2));
  EXPECT_EQ(rules.softdeps[0].module, "nouveau");
  EXPECT_THAT(rules.softdeps[0].before, ElementsAre("vfio_pci", "a"));
  EXPECT_EQ(rules.softdeps[0].place, "x.conf:1");
  EXPECT_THAT(rules.softdeps[1].before, IsEmpty());
}

TEST(ModprobeRules, KnowProgramsThatDoNothingByTheirNames) {
  const auto rules = rules_of(
      "install nouveau false\ninstall nvidia true\ninstall a insmod a\n");
  EXPECT_TRUE(rules.keeps_off("nouveau"));
  EXPECT_TRUE(rules.keeps_off("nvidia"));
  EXPECT_FALSE(rules.keeps_off("a"));
}

TEST(ModprobeRules, StandOnTheCommandLine) {
  ModprobeRules rules;
  add_command_line_rules(
      "ro modprobe.blacklist=nouveau,nvidia-drm module_blacklist=nvidia "
      "rd.driver.blacklist=a nvidia.x=1",
      rules);
  // Not "a", which dracut keeps out of its initramfs only.
  EXPECT_THAT(rules.kept_off, ElementsAre(Pair("nouveau", "/proc/cmdline"),
                                          Pair("nvidia", "/proc/cmdline"),
                                          Pair("nvidia_drm", "/proc/cmdline")));
}

}  // namespace
}  // namespace nvgpuctl
