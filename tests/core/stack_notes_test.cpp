// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/stack_notes.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

Gpu gpu(unsigned domain, std::uint16_t device, std::string smmu) {
  Gpu made;
  made.pci.address = {domain, 1, 0, 0};
  made.pci.device = device;
  made.pci.smmu = std::move(smmu);
  return made;
}

std::vector<std::string> notes(Stack stack, const std::vector<Gpu>& gpus,
                               std::uint64_t window) {
  std::vector<const Gpu*> pointers;
  for (const auto& one : gpus) {
    pointers.push_back(&one);
  }
  return stack_notes(stack, pointers, window);
}

TEST(StackNotes, SayWhatKubevirtSpellsWrong) {
  EXPECT_THAT(
      notes(Stack::kubevirt, {gpu(9, 0x2342, "a")}, 1 * kTiB),
      AllOf(Contains(HasSubstr("spells ssidSize")),
            Each(Not(HasSubstr("its window"))), Each(Not(HasSubstr("share"))),
            Each(Not(HasSubstr("not known")))));
}

TEST(StackNotes, SayWhichGpuKubevirtDoesNotKnow) {
  EXPECT_THAT(
      notes(Stack::kubevirt, {gpu(8, 0x2941, "a"), gpu(9, 0x31C2, "b")},
            2 * kTiB),
      AllOf(Contains(HasSubstr("10de:31c2 is not known to it: 0009:01:00.0 "
                               "without cells")),
            Contains(HasSubstr("its window is 1 TiB"))));
}

TEST(StackNotes, SayThatKubevirtsWindowIsTooSmall) {
  const std::vector<Gpu> four{gpu(8, 0x2941, "a"), gpu(9, 0x2941, "b"),
                              gpu(0x18, 0x2941, "c"), gpu(0x19, 0x2941, "d")};
  EXPECT_THAT(notes(Stack::kubevirt, four, 8 * kTiB),
              Contains("its window is 4 TiB, for 512 GiB a GPU; all GPUs "
                       "need 8 TiB"));
  EXPECT_THAT(notes(Stack::kubevirt, four, 4 * kTiB),
              Each(Not(HasSubstr("its window"))));
}

TEST(StackNotes, SayThatKubevirtPartsGpusOfOneSmmu) {
  EXPECT_THAT(notes(Stack::kubevirt, {gpu(8, 0x2941, "a"), gpu(9, 0x2941, "a")},
                    2 * kTiB),
              Contains(HasSubstr("an SMMU of its own; GPUs that share")));
}

TEST(StackNotes, SayThatNovaBuildsNeitherCellsNorWindow) {
  const auto said = notes(Stack::nova, {gpu(9, 0x2342, "a")}, 1 * kTiB);
  EXPECT_THAT(said, Contains(HasSubstr("not built: empty cells")));
  EXPECT_THAT(said, Contains(HasSubstr("stays QEMU's 512 GiB, and these GPUs "
                                       "are to have 1 TiB")));
  EXPECT_THAT(notes(Stack::nova, {gpu(9, 0x2342, "a")}, 512 * kGiB),
              Each(Not(HasSubstr("pcihole64"))));
}

}  // namespace
}  // namespace nvgpuctl
