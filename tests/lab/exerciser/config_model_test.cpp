// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_model.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace exerciser {
namespace {

class ConfigModelTest : public testing::Test {
 protected:
  ConfigModelTest() : config_(shape()) {
    std::array<std::uint8_t, 64> header{};
    for (std::size_t i = 0; i < header.size(); i++) {
      header.at(i) = static_cast<std::uint8_t>(i);
    }
    header[0x10] = 0x0C;
    config_.opened(header);
  }
  static Shape shape() {
    Shape shape;
    shape.regions = {{.index = 4, .size = 3 * kGiB / 2, .bar_size = 2 * kGiB},
                     {.index = 2, .size = kGiB, .bar_size = kGiB}};
    shape.core_bars = {{.index = 0, .size = 16 * kMiB}};
    return shape;
  }
  // What must be read, or nullopt where nothing is known of a byte.
  std::vector<std::optional<int>> read(std::uint64_t offset,
                                       std::uint64_t count) const {
    std::vector<ConfigByte> expected;
    EXPECT_EQ(config_.read(offset, count, expected), static_cast<long>(count));
    std::vector<std::optional<int>> bytes;
    for (const auto& [value, mask] : expected) {
      bytes.push_back(mask == 0xFF ? std::optional<int>(value) : std::nullopt);
    }
    return bytes;
  }

  ConfigModel config_;
};

using Bytes = std::vector<std::optional<int>>;

TEST_F(ConfigModelTest, ShowsEmptyPrefetchable64BitBarsAfterAnOpen) {
  EXPECT_EQ(read(0x18, 16), (Bytes{0x0C, 0, 0, 0, 0, 0, 0, 0,  //
                                   0x0C, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(ConfigModelTest, TellsTheSizeOfABarWhenOnesWereWritten) {
  EXPECT_EQ(config_.write(0x20, std::vector<std::uint8_t>(8, 0xFF)), 8);
  EXPECT_EQ(read(0x20, 8), (Bytes{0x0C, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF}));
}

TEST_F(ConfigModelTest, KeepsTheRestOfARegisterWrittenInPart) {
  config_.write(0x1C, std::vector<std::uint8_t>{0x11, 0x22, 0x33, 0x44});
  config_.write(0x1D, std::vector<std::uint8_t>{0x55});
  EXPECT_EQ(read(0x1C, 4), (Bytes{0x11, 0x55, 0x33, 0x44}));
}

TEST_F(ConfigModelTest, SplitsAWriteOverSeveralBars) {
  config_.write(0x1F, std::vector<std::uint8_t>{0xAA, 0xFF, 0xFF, 0xFF, 0xFF});
  EXPECT_EQ(read(0x1F, 5), (Bytes{0xAA, 0x0C, 0, 0, 0x80}));
}

TEST_F(ConfigModelTest, EmptiesItsBarsOnResetButNotTheCores) {
  config_.write(0x10, std::vector<std::uint8_t>(24, 0xFF));
  config_.reset();
  EXPECT_EQ(read(0x10, 4), (Bytes{0x0C, 0, 0, 0xFF}));
  EXPECT_EQ(read(0x20, 4), (Bytes{0x0C, 0, 0, 0}));
}

TEST_F(ConfigModelTest, KnowsNothingOfACoreBarThatWasNotWritten) {
  EXPECT_EQ(read(0x10, 5), (Bytes{0x0C, 0, 0, std::nullopt, std::nullopt}));
}

TEST_F(ConfigModelTest, ExpectsTheIdentityThatTheFirstLookFound) {
  config_.write(0x00, std::vector<std::uint8_t>{9, 9, 9, 9});
  EXPECT_EQ(read(0x00, 4), (Bytes{0, 1, 2, 3}));
}

TEST_F(ConfigModelTest, FollowsMemoryDecode) {
  EXPECT_FALSE(config_.memory_enabled());
  config_.write(0x04, std::vector<std::uint8_t>{0x06});
  EXPECT_TRUE(config_.memory_enabled());
  config_.write(0x05, std::vector<std::uint8_t>{0x00});
  EXPECT_TRUE(config_.memory_enabled());
  config_.write(0x02, std::vector<std::uint8_t>{0, 0, 0x04, 0});
  EXPECT_FALSE(config_.memory_enabled());
}

TEST_F(ConfigModelTest, RefusesWhatReachesBehindTheEnd) {
  std::vector<ConfigByte> expected;
  EXPECT_EQ(config_.read(4095, 1, expected), 1);
  EXPECT_EQ(config_.read(4095, 2, expected), -EFAULT);
  EXPECT_EQ(config_.read(4096, 1, expected), -EFAULT);
  EXPECT_EQ(config_.read(4096, 0, expected), 0);
  EXPECT_EQ(config_.write(4096, std::vector<std::uint8_t>{1}), -EFAULT);
}

}  // namespace
}  // namespace exerciser
