// SPDX-License-Identifier: GPL-2.0-or-later
#include "generator.hpp"

#include <gtest/gtest.h>

#include "fake_device.hpp"
#include "run.hpp"

namespace exerciser {
namespace {

std::vector<std::string> sequence(std::uint64_t seed, int count) {
  FakeDevice device;
  Generator generator(device.shape(), seed, usual_weights());
  Run run(device, seed, 2);
  run.start();
  std::vector<std::string> lines;
  for (int i = 0; i < count; i++) {
    const auto operation = generator.next(run.model());
    lines.push_back(describe(operation));
    run.perform(operation);
  }
  return lines;
}

TEST(Generator, InventsTheSameForTheSameSeed) {
  EXPECT_EQ(sequence(42, 2000), sequence(42, 2000));
}

TEST(Generator, InventsOthersForAnotherSeed) {
  EXPECT_NE(sequence(42, 20), sequence(43, 20));
}

TEST(Generator, InventsNothingButWhatItIsToldTo) {
  const auto weights = only("region-info");
  ASSERT_TRUE(weights);
  Generator generator(FakeDevice().shape(), 1, *weights);
  Model model(FakeDevice().shape());
  model.open_file(0);
  std::array<std::uint8_t, ConfigModel::kHeader> header{};
  header[ConfigModel::kCommand] = ConfigModel::kMemoryEnable;
  model.config().opened(header);
  for (int i = 0; i < 100; i++) {
    EXPECT_EQ(generator.next(model).kind, Kind::region_info);
  }
  EXPECT_FALSE(only("region_info"));
}

TEST(Random, IsTheSameEverywhere) {
  Random random(1);
  EXPECT_EQ(random.next(), 0x910A2DEC89025CC1U);
  EXPECT_EQ(random.next(), 0xBEEB8DA1658EEC67U);
}

// A capability could put the device into any state; only the header is safe.
TEST(Generator, WritesNothingOfConfigurationSpaceButTheHeader) {
  FakeDevice device;
  Weights weights{};
  weights.at(static_cast<std::size_t>(Kind::config_write)) = 1;
  Generator generator(device.shape(), 7, weights);
  Model model(device.shape());
  model.open_file(0);
  std::array<std::uint8_t, ConfigModel::kHeader> header{};
  header[ConfigModel::kCommand] = ConfigModel::kMemoryEnable;
  model.config().opened(header);
  for (int i = 0; i < 5000; i++) {
    const auto operation = generator.next(model);
    const auto end = operation.offset + operation.bytes.size();
    ASSERT_TRUE(end <= 64 || operation.offset >= 256) << describe(operation);
    for (auto at = operation.offset; at < end; at++) {
      const auto byte = operation.bytes[at - operation.offset];
      ASSERT_TRUE(at != 0x0F || byte == 0) << "starts a self test";
      ASSERT_TRUE(at != 0x04 || (byte & 1U) == 0) << "enables I/O ports";
    }
  }
}

}  // namespace
}  // namespace exerciser
