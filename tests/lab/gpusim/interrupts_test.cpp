// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/interrupts.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>

#include <array>
#include <cerrno>

#include "gpusim/test_events.hpp"

namespace nvgpuctl::gpusim {
namespace {

constexpr unsigned kMsix = VFIO_PCI_MSIX_IRQ_INDEX;
constexpr std::uint32_t kTrigger = VFIO_IRQ_SET_ACTION_TRIGGER;
constexpr std::uint32_t kListen = kTrigger | VFIO_IRQ_SET_DATA_EVENTFD;
constexpr std::uint32_t kNow = kTrigger | VFIO_IRQ_SET_DATA_NONE;

std::vector<Fd> one_fd(Fd fd) {
  std::vector<Fd> fds;
  fds.push_back(std::move(fd));
  return fds;
}

TEST(Interrupts, AreMsiAndMsixAlone) {
  const Interrupts interrupts;
  EXPECT_EQ(interrupts.count(VFIO_PCI_INTX_IRQ_INDEX), 0U);
  EXPECT_EQ(interrupts.count(VFIO_PCI_MSI_IRQ_INDEX), 16U);
  EXPECT_EQ(interrupts.count(VFIO_PCI_MSIX_IRQ_INDEX), 9U);
  EXPECT_EQ(interrupts.count(VFIO_PCI_ERR_IRQ_INDEX), 0U);
  EXPECT_EQ(interrupts.count(99), 0U);
}

TEST(Interrupts, GoToWhoListens) {
  Interrupts interrupts;
  const TestEvent event;
  EXPECT_FALSE(interrupts.signal(kMsix, 8));
  EXPECT_EQ(interrupts.set({kListen, kMsix, 8, 1}, one_fd(event.sender())), 0);
  EXPECT_TRUE(interrupts.signal(kMsix, 8));
  EXPECT_TRUE(interrupts.signal(kMsix, 8));
  EXPECT_EQ(event.count(), 2U);
  EXPECT_FALSE(interrupts.signal(kMsix, 7));
}

TEST(Interrupts, AreNoLongerListenedToWithoutADescriptor) {
  Interrupts interrupts;
  const TestEvent event;
  ASSERT_EQ(interrupts.set({kListen, kMsix, 0, 1}, one_fd(event.sender())), 0);
  EXPECT_EQ(interrupts.set({kListen, kMsix, 0, 1}, {}), 0);
  EXPECT_FALSE(interrupts.signal(kMsix, 0));
}

TEST(Interrupts, AreAllSwitchedOffWithACountOfZero) {
  Interrupts interrupts;
  const TestEvent event;
  ASSERT_EQ(interrupts.set({kListen, kMsix, 5, 1}, one_fd(event.sender())), 0);
  EXPECT_EQ(interrupts.set({kNow, kMsix, 0, 0}, {}), 0);
  EXPECT_FALSE(interrupts.listens(kMsix, 5));
}

TEST(Interrupts, CanBeTriggeredByTheClient) {
  Interrupts interrupts;
  const TestEvent event;
  ASSERT_EQ(interrupts.set({kListen, kMsix, 1, 1}, one_fd(event.sender())), 0);
  EXPECT_EQ(interrupts.set({kNow, kMsix, 0, 3}, {}), 0);
  EXPECT_EQ(event.count(), 1U);
}

TEST(Interrupts, OutsideOfTheirRangeAreRefused) {
  Interrupts interrupts;
  EXPECT_EQ(interrupts.set({kNow, kMsix, 0, 10}, {}), EINVAL);
  EXPECT_EQ(interrupts.set({kNow, kMsix, 0xFFFFFFFF, 2}, {}), EINVAL);
  EXPECT_EQ(interrupts.set({kNow, kMsix, 2, 0xFFFFFFFF}, {}), EINVAL);
  EXPECT_EQ(interrupts.set({kNow, 5, 0, 1}, {}), EINVAL);
  EXPECT_EQ(interrupts.set({kNow, 0xFFFFFFFF, 0, 1}, {}), EINVAL);
}

TEST(Interrupts, NeedOneDescriptorEach) {
  Interrupts interrupts;
  const TestEvent event;
  EXPECT_EQ(interrupts.set({kListen, kMsix, 0, 2}, one_fd(event.sender())),
            EINVAL);
  EXPECT_FALSE(interrupts.listens(kMsix, 0));
}

TEST(Interrupts, CannotBeMaskedHere) {
  Interrupts interrupts;
  const std::uint32_t mask = VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_DATA_NONE;
  EXPECT_EQ(interrupts.set({mask, kMsix, 0, 1}, {}), EINVAL);
}

TEST(Interrupts, DoNotHangOnAFullPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Fd reader(ends[0]);
  Interrupts interrupts;
  ASSERT_EQ(interrupts.set({kListen, kMsix, 0, 1}, one_fd(Fd(ends[1]))), 0);
  unsigned delivered = 0;
  while (delivered < 1'000'000 && interrupts.signal(kMsix, 0)) {
    ++delivered;
  }
  EXPECT_GT(delivered, 0U);
  EXPECT_LT(delivered, 1'000'000U);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
