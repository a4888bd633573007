// SPDX-License-Identifier: GPL-2.0-or-later
#include "kmod/driver_c.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

namespace nvgpuctl {
namespace {

constexpr long long kConfig = 7LL << 40U;  // file offset of region 7
constexpr long long kUsable = 4LL << 40U;
constexpr long long kReserved = 2LL << 40U;

class DriverTest : public testing::Test {
 protected:
  void SetUp() override { driver_reset(); }
  void TearDown() override { EXPECT_EQ(driver_held(), 0); }

  // Reads, and checks that the whole of it came and the position moved.
  static std::vector<std::uint8_t> config(long long offset, std::size_t count) {
    std::vector<std::uint8_t> bytes(count, 0xEE);
    long long position = kConfig + offset;
    EXPECT_EQ(driver_config_read(bytes.data(), count, &position),
              static_cast<long>(count));
    EXPECT_EQ(position, kConfig + offset + static_cast<long long>(count));
    return bytes;
  }
  static std::uint64_t register_at(long long offset) {
    std::uint64_t value = 0;
    const auto bytes = config(offset, sizeof(value));
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  static void write_config(long long offset,
                           const std::vector<std::uint8_t>& bytes) {
    long long position = kConfig + offset;
    EXPECT_EQ(driver_config_write(bytes.data(), bytes.size(), &position),
              static_cast<long>(bytes.size()));
    EXPECT_EQ(position,
              kConfig + offset + static_cast<long long>(bytes.size()));
  }
};

using ConfigSpace = DriverTest;
using MemoryAccess = DriverTest;

// Usable memory of 16 pages at page 0x100, reserved memory of 4 behind it.
class MemoryFailure : public DriverTest {
 protected:
  static constexpr unsigned long kPage = 4096;
  static constexpr unsigned long kFirst = 0x100;
  static constexpr unsigned long kUsablePages = 16;
  static constexpr unsigned long kReservedPages = 4;
  // The first page of each region in the device's file.
  static constexpr unsigned long kUsableFile = 4UL << 28U;
  static constexpr unsigned long kReservedFile = 2UL << 28U;

  void SetUp() override {
    DriverTest::SetUp();
    driver_place_memory(usable_bar, kFirst * kPage, kUsablePages * kPage);
    driver_place_memory(reserved_bar, (kFirst + kUsablePages) * kPage,
                        kReservedPages * kPage);
  }
  void TearDown() override {
    driver_unregister_poison();
    DriverTest::TearDown();
  }
};

TEST_F(ConfigSpace, ShowsPrefetchable64BitBarsAtAddressZeroAfterOpen) {
  EXPECT_EQ(register_at(0x18), 0x0CU);
  EXPECT_EQ(register_at(0x20), 0x0CU);
}

TEST_F(ConfigSpace, TellsTheSizeOfABarThatOnesWereWrittenTo) {
  write_config(0x18, std::vector<std::uint8_t>(8, 0xFF));
  write_config(0x20, std::vector<std::uint8_t>(4, 0xFF));
  write_config(0x24, std::vector<std::uint8_t>(4, 0xFF));
  EXPECT_EQ(register_at(0x18), 0xFFFFFFFFFFFFF00CU);
  EXPECT_EQ(register_at(0x20), 0xFFFFFFFFFFFFE00CU);
}

TEST_F(ConfigSpace, ReadsBothBarsAndTheirNeighboursAtOnce) {
  write_config(0x18, {0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70});
  write_config(0x20, {0, 0x20, 0x21, 0x31, 0x41, 0x51, 0x61, 0x71});
  EXPECT_EQ(config(0x16, 20),
            (std::vector<std::uint8_t>{0x16, 0x17, 0x0C, 0x10, 0x20, 0x30, 0x40,
                                       0x50, 0x60, 0x70, 0x0C, 0x20, 0x21, 0x31,
                                       0x41, 0x51, 0x61, 0x71, 0x28, 0x29}));
}

TEST_F(ConfigSpace, ReadsAWordAcrossTheEdgeOfTwoBars) {
  write_config(0x18, {0, 0, 0, 0, 0, 0, 0, 0x77});
  EXPECT_EQ(config(0x1F, 2), (std::vector<std::uint8_t>{0x77, 0x0C}));
}

TEST_F(ConfigSpace, KeepsItsOwnBytesOfASpanningWriteFromTheHardware) {
  std::vector<std::uint8_t> bytes(24, 0xAB);
  write_config(0x14, bytes);  // 0x14 to 0x2B
  EXPECT_EQ(driver_core_byte(0x13), 0x13);
  EXPECT_EQ(driver_core_byte(0x17), 0xAB);
  for (std::size_t offset = 0x18; offset < 0x28; offset++) {
    EXPECT_EQ(driver_core_byte(offset), offset);
  }
  EXPECT_EQ(driver_core_byte(0x28), 0xAB);
  EXPECT_EQ(driver_core_byte(0x2B), 0xAB);
  EXPECT_EQ(driver_core_byte(0x2C), 0x2C);
  EXPECT_EQ(register_at(0x18), 0xABABABABABABA00CU);
  EXPECT_EQ(register_at(0x20), 0xABABABABABABA00CU);
}

TEST_F(ConfigSpace, LeavesThePositionWhereAReadBeyondItsEndFails) {
  std::vector<std::uint8_t> bytes(8);
  long long position = kConfig + 252;
  EXPECT_EQ(driver_config_read(bytes.data(), bytes.size(), &position), -EFAULT);
  EXPECT_EQ(position, kConfig + 252);
}

TEST_F(ConfigSpace, ForgetsThatTheMemoryIsReadyOnTheWayIntoAndOutOfD3hot) {
  write_config(driver_power_register, {3, 0});
  EXPECT_FALSE(driver_ready());
  driver_reset();
  write_config(driver_power_register, {3, 0});
  std::uint8_t byte = 0;
  long long position = kUsable;
  EXPECT_EQ(driver_memory_read(usable_bar, &byte, 1, &position), 1);
  EXPECT_TRUE(driver_ready());
  write_config(driver_power_register, {0, 0});
  EXPECT_FALSE(driver_ready());
}

TEST_F(ConfigSpace, LeavesReadyMemoryReadyInD0) {
  write_config(driver_power_register, {0, 0});
  write_config(0x04, {6, 0});
  EXPECT_TRUE(driver_ready());
}

TEST_F(MemoryAccess, FillsWithOnesBehindTheMemory) {
  for (const unsigned bar : {usable_bar, reserved_bar}) {
    const long long size = bar == usable_bar ? usable_size : reserved_size;
    const long long start = (static_cast<long long>(bar) << 40U) + size - 2;
    std::vector<std::uint8_t> bytes(5);
    long long position = start;
    EXPECT_EQ(driver_memory_read(bar, bytes.data(), 5, &position), 5);
    EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0x11, 0x11, 0xFF, 0xFF, 0xFF}));
    EXPECT_EQ(position, start + 5);
  }
}

TEST_F(MemoryAccess, DropsWritesBehindTheMemoryButCountsThem) {
  const std::vector<std::uint8_t> bytes(5, 0x22);
  long long position = kReserved + reserved_size - 2;
  EXPECT_EQ(driver_memory_write(reserved_bar, bytes.data(), 5, &position), 5);
  EXPECT_EQ(position, kReserved + reserved_size + 3);
  EXPECT_EQ(driver_memory(reserved_bar)[reserved_size - 1], 0x22);
  EXPECT_EQ(driver_memory(reserved_bar)[reserved_size], 0x11);
}

TEST_F(MemoryAccess, EndsAtTheEndOfTheBar) {
  std::vector<std::uint8_t> bytes(100);
  long long position = kUsable + 8192 - 10;
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 100, &position), 10);
  EXPECT_EQ(position, kUsable + 8192);
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 100, &position),
            -EINVAL);
  EXPECT_EQ(position, kUsable + 8192);
}

TEST_F(MemoryAccess, SucceedsWithNothingToDo) {
  std::uint8_t byte = 0;
  long long position = kUsable;
  driver_fail_accesses(0, -EIO);
  EXPECT_EQ(driver_memory_read(usable_bar, &byte, 0, &position), 0);
  EXPECT_EQ(position, kUsable);
}

TEST_F(MemoryAccess, FailsWithoutMovingWhileMemoryDecodeIsOff) {
  std::vector<std::uint8_t> bytes(8, 0x33);
  long long position = kUsable + 16;
  driver_fail_accesses(0, -EIO);
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 8, &position), -EIO);
  EXPECT_EQ(position, kUsable + 16);
  EXPECT_EQ(bytes, std::vector<std::uint8_t>(8, 0x33));
}

TEST_F(MemoryAccess, ReadsTheTailWithoutTouchingTheMemory) {
  std::vector<std::uint8_t> bytes(4);
  long long position = kUsable + usable_size;
  driver_fail_accesses(0, -EIO);
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 4, &position), 4);
  EXPECT_EQ(bytes, std::vector<std::uint8_t>(4, 0xFF));
}

TEST_F(MemoryAccess, EndsShortOfTheTailWhereTheMemoryFailedHalfWay) {
  std::vector<std::uint8_t> bytes(8, 0x33);
  long long position = kUsable + usable_size - 4;
  driver_interrupt_copies(1);
  driver_fail_accesses(1, -EIO);
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 8, &position), 1);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0x11, 0x33, 0x33, 0x33, 0x33,
                                              0x33, 0x33, 0x33}));
  EXPECT_EQ(position, kUsable + usable_size - 3);
}

TEST_F(MemoryAccess, GoesOnWhereACopyWasInterrupted) {
  std::vector<std::uint8_t> bytes(8);
  for (std::uint8_t i = 0; i < 8; i++) {
    driver_memory(usable_bar)[i] = i;
  }
  long long position = kUsable;
  driver_interrupt_copies(3);
  EXPECT_EQ(driver_memory_read(usable_bar, bytes.data(), 8, &position), 8);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

// The GPU may go to sleep again as soon as the read is over.
TEST_F(MemoryAccess, ForgetsThatTheMemoryIsReadyWhereItHasWokenTheGpu) {
  std::uint8_t byte = 0;
  long long position = kUsable;
  driver_engage_low_power();
  EXPECT_EQ(driver_memory_read(usable_bar, &byte, 1, &position), 1);
  EXPECT_FALSE(driver_ready());
}

TEST_F(MemoryAccess, LeavesReadyMemoryReadyOtherwise) {
  std::uint8_t byte = 0;
  long long position = kUsable;
  EXPECT_EQ(driver_memory_read(usable_bar, &byte, 1, &position), 1);
  EXPECT_TRUE(driver_ready());
}

TEST_F(MemoryFailure, IsFoundInAMappingOfTheWholeRegion) {
  ASSERT_EQ(driver_register_poison(2, 0), 0);
  EXPECT_EQ(driver_poison_registered(), 2);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile, kUsablePages, kFirst),
            kUsableFile);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile, kUsablePages,
                                 kFirst + kUsablePages - 1),
            kUsableFile + kUsablePages - 1);
  EXPECT_EQ(driver_poisoned_page(reserved_bar, kReservedFile, kReservedPages,
                                 kFirst + kUsablePages + 1),
            kReservedFile + 1);
}

TEST_F(MemoryFailure, IsNotThatOfTheOtherRegion) {
  ASSERT_EQ(driver_register_poison(2, 0), 0);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile, kUsablePages,
                                 kFirst + kUsablePages),
            -EFAULT);
  EXPECT_EQ(driver_poisoned_page(reserved_bar, kReservedFile, kReservedPages,
                                 kFirst + kUsablePages - 1),
            -EFAULT);
}

// Of a mapping that was split, only the half that has the page.
TEST_F(MemoryFailure, IsFoundInTheHalfThatHasThePage) {
  ASSERT_EQ(driver_register_poison(2, 0), 0);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile + 8, 8, kFirst + 7),
            -EFAULT);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile, 8, kFirst + 8),
            -EFAULT);
  EXPECT_EQ(driver_poisoned_page(usable_bar, kUsableFile + 8, 8, kFirst + 8),
            kUsableFile + 8);
}

TEST_F(MemoryFailure, RegistersAllRegionsOrNone) {
  EXPECT_EQ(driver_register_poison(1, -EBUSY), -EBUSY);
  EXPECT_EQ(driver_poison_registered(), 0);
}

TEST_F(MemoryFailure, IsNobodysBusinessWhereTheKernelHandlesNone) {
  EXPECT_EQ(driver_register_poison(0, -EOPNOTSUPP), 0);
  EXPECT_EQ(driver_poison_registered(), 0);
}

}  // namespace
}  // namespace nvgpuctl
