// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/select.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_root.hpp"

namespace nvgpuctl::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr PciAddress kGone{9, 1, 0, 0};
constexpr PciAddress kLeft{0x19, 1, 0, 0};

class Reread : public testing::Test {
 protected:
  Reread() {
    for (const auto& gpu : {kGone, kLeft}) {
      fake_.pci_function(to_string(gpu), "0x10de", "0x2342");
    }
    auto inventory = take_inventory(fake_.open(), {});
    selection_.emplace(
        Selection{fake_.open(), std::move(*inventory), {0, 1}, true});
  }
  void remove(const PciAddress& gpu) {
    std::filesystem::remove_all(fake_.path(sysfs_path(gpu)));
  }
  PciAddress selected(std::size_t place) const {
    return selection_->inventory.gpus[selection_->gpus[place]].pci.address;
  }

  FakeRoot fake_;
  std::optional<Selection> selection_;
};

TEST_F(Reread, KeepsWhatIsThere) {
  ASSERT_TRUE(reread(*selection_));
  EXPECT_EQ(selected(0), kGone);
  EXPECT_EQ(selected(1), kLeft);
}

TEST_F(Reread, FailsWhereOneHasGone) {
  remove(kGone);
  const auto again = reread(*selection_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::no_such_gpu);
  EXPECT_EQ(again.error().subject, "0009:01:00.0");
}

TEST_F(Reread, CanDoWithThoseThatAreLeft) {
  remove(kGone);
  const auto gone = reread_those_left(*selection_, {});
  ASSERT_TRUE(gone);
  EXPECT_THAT(*gone, ElementsAre(kGone));
  ASSERT_THAT(selection_->gpus, testing::SizeIs(1));
  EXPECT_EQ(selected(0), kLeft);
  EXPECT_THAT(*reread_those_left(*selection_, {}), IsEmpty());
}

}  // namespace
}  // namespace nvgpuctl::cli
