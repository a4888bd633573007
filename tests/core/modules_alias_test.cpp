// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/modules_alias.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nvgpuctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kGh200 =
    "pci:v000010DEd00002342sv000010DEsd000016EBbc03sc02i00";

TEST(VfioAliases, AreTakenFromTheirLinesAlone) {
  EXPECT_THAT(
      parse_vfio_aliases("# Aliases extracted from modules themselves.\n"
                         "alias pci:v000010DEd*sv*sd*bc03sc02i00* nouveau\n"
                         "alias vfio_pci:v000010DEd00002342sv*sd*bc*sc*i* "
                         "nvgrace_gpu_vfio_pci\n"
                         "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
                         "alias fs-xfs xfs\n"),
      ElementsAre(
          VfioAlias{"v000010DEd00002342sv*sd*bc*sc*i*", "nvgrace_gpu_vfio_pci"},
          VfioAlias{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}));
}

TEST(VfioAliases, NeedNoNewlineAtTheEnd) {
  EXPECT_THAT(parse_vfio_aliases("alias vfio_pci:v* m"),
              ElementsAre(VfioAlias{"v*", "m"}));
}

TEST(VfioAliases, MustBeginTheirLine) {
  EXPECT_THAT(parse_vfio_aliases("# alias vfio_pci:v* m\n"
                                 "xalias vfio_pci:v* m\n"),
              IsEmpty());
}

TEST(VfioAliases, WithoutExactlyOneModuleAreSkipped) {
  EXPECT_THAT(parse_vfio_aliases("alias vfio_pci:v*\n"
                                 "alias vfio_pci: \n"
                                 "alias vfio_pci:v* a b\n"
                                 "alias vfio_pci:d* c\t\r\n"),
              ElementsAre(VfioAlias{"d*", "c"}));
}

TEST(VfioAliasMatch, PrefersFewerWildcards) {
  const std::vector<VfioAlias> aliases{
      {"v*d*sv*sd*bc*sc*i*", "vfio_pci"},
      {"v000010DEd00002342sv*sd*bc*sc*i*", "nvgrace_gpu_vfio_pci"}};
  EXPECT_THAT(match_vfio_aliases(aliases, kGh200),
              ElementsAre(aliases[1], aliases[0]));
}

TEST(VfioAliasMatch, TakesTheFirstLineOfATie) {
  const std::vector<VfioAlias> aliases{
      {"v000010DEd00002342sv*sd*bc*sc*i*", "first"},
      {"v000010DEd00002342sv*sd*bc*sc*i*", "second"}};
  EXPECT_THAT(match_vfio_aliases(aliases, kGh200),
              ElementsAre(aliases[0], aliases[1]));
}

TEST(VfioAliasMatch, ComparesEveryField) {
  const std::vector<VfioAlias> aliases{
      {"v000010DEd00002345sv*sd*bc*sc*i*", "other_device"},
      {"v000010DEd00002342sv*sd*bc02sc*i*", "other_class"},
      {"v000010DEd00002342sv000010DEsd00001805bc*sc*i*", "other_subsystem"}};
  EXPECT_THAT(match_vfio_aliases(aliases, kGh200), IsEmpty());
}

TEST(VfioAliasMatch, IgnoresAliasesOfAnotherForm) {
  const std::vector<VfioAlias> aliases{
      {"*", "a"}, {"v*d*", "b"}, {"v*d*sv*sd*bc*sc*i*x", "c"}};
  EXPECT_THAT(match_vfio_aliases(aliases, kGh200), IsEmpty());
}

TEST(VfioAliasMatch, FindsNothingForWhatIsNoPciDevice) {
  const std::vector<VfioAlias> aliases{{"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  EXPECT_THAT(match_vfio_aliases(aliases, "usb:v1D6Bp0002"), IsEmpty());
  EXPECT_THAT(match_vfio_aliases(aliases, ""), IsEmpty());
  EXPECT_THAT(match_vfio_aliases(aliases, "pci:v000010DE"), IsEmpty());
}

TEST(ModuleFiles, AreFoundWhicheverDashTheNameHas) {
  EXPECT_THAT(
      find_module_files(
          "kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko\n"
          "kernel/drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko.xz: a\n"
          "updates/dkms/nvgrace_gpu_vfio_pci.ko: b\n",
          "nvgrace_gpu_vfio_pci"),
      ElementsAre("kernel/drivers/vfio/pci/nvgrace-gpu/"
                  "nvgrace-gpu-vfio-pci.ko.xz",
                  "updates/dkms/nvgrace_gpu_vfio_pci.ko"));
}

TEST(ModuleFiles, AreNotFoundAmongTheDependencies) {
  EXPECT_THAT(find_module_files("a/b.ko: kernel/vfio-pci.ko\nno colon here",
                                "vfio_pci"),
              IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl
