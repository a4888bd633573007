// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>

#include <array>
#include <cerrno>
#include <random>
#include <string>

#include "gpusim/test_events.hpp"

namespace nvgpuctl::gpusim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Raw = std::vector<std::uint8_t>;

// A client without a socket.
class SessionTest : public testing::Test {
 protected:
  SessionTest() { send(Command::version, Writer().add(0U).take()); }

  static Message message(std::uint16_t command, Raw payload,
                         std::vector<Fd> fds = {}) {
    Message message;
    message.header = {1, command,
                      static_cast<std::uint32_t>(kHeaderSize + payload.size()),
                      0};
    message.payload = std::move(payload);
    message.fds = std::move(fds);
    return message;
  }
  // The payload of the reply; error() has what it said besides.
  Raw send(Command command, Raw payload, std::vector<Fd> fds = {}) {
    return send_number(static_cast<std::uint16_t>(command), std::move(payload),
                       std::move(fds));
  }
  Raw send_number(std::uint16_t command, Raw payload,
                  std::vector<Fd> fds = {}) {
    const auto reply = session_.answer(
        message(command, std::move(payload), std::move(fds)), now_);
    EXPECT_TRUE(reply);
    if (!reply || reply->size() < kHeaderSize) {
      return {};
    }
    error_ = read_le<std::uint32_t>(*reply, 12).value_or(0);
    return {reply->begin() + kHeaderSize, reply->end()};
  }
  Raw read(std::uint64_t offset, std::uint32_t region, std::uint32_t count) {
    return send(Command::region_read,
                Writer().add(offset).add(region).add(count).take());
  }
  Raw write(std::uint64_t offset, std::uint32_t region, std::uint32_t count,
            const Raw& data) {
    return send(
        Command::region_write,
        Writer().add(offset).add(region).add(count).add_bytes(data).take());
  }
  Raw ask_info(Command command, std::uint32_t argsz, std::uint32_t index) {
    return send(command, Writer()
                             .add(argsz)
                             .add(0U)
                             .add(index)
                             .add(0U)
                             .add(0ULL)
                             .add(0ULL)
                             .take());
  }
  std::uint32_t error() const { return error_; }

  Instant now_;
  Gpu gpu_{GpuOptions{}, now_};
  Interrupts interrupts_;
  Session session_{gpu_, interrupts_};

 private:
  std::uint32_t error_ = 0;
};

TEST_F(SessionTest, TellsItsCapabilitiesAsTerminatedJson) {
  const auto reply = send(Command::version, Writer().add(0x00010000U).take());
  ASSERT_GT(reply.size(), 5U);
  // Version 0.0, although the client offered 0.1.
  EXPECT_EQ(read_le<std::uint32_t>(reply, 0), 0U);
  const std::string json(reply.begin() + 4, reply.end() - 1);
  EXPECT_EQ(
      json,
      R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":65536}})");
  EXPECT_EQ(reply.back(), 0);
}

TEST_F(SessionTest, CannotGoOnWithAnotherMajorVersion) {
  const auto reply = session_.answer(
      message(1, Writer().add(std::uint16_t{1}).add(std::uint16_t{0}).take()),
      now_);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().problem, "the client does not speak version 0");
}

TEST_F(SessionTest, CannotGoOnWithoutAVersion) {
  Session fresh(gpu_, interrupts_);
  const auto reply = fresh.answer(message(13, {}), now_);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().problem, "comes before a version was agreed on");
  EXPECT_EQ(gpu_.counters().device_resets, 0U);
  EXPECT_FALSE(fresh.answer(message(1, {0}), now_));
}

TEST_F(SessionTest, TellsThatItIsAPciDeviceThatCanBeReset) {
  const auto reply = send(Command::get_device_info,
                          Writer().add(16U).add(0U).add(0U).add(0U).take());
  EXPECT_EQ(read_le<std::uint32_t>(reply, 4), 3U);
  EXPECT_EQ(read_le<std::uint32_t>(reply, 8), 9U);
  EXPECT_EQ(read_le<std::uint32_t>(reply, 12), 5U);
}

TEST_F(SessionTest, TellsTheSizesOfRegions) {
  const auto bar = ask_info(Command::get_region_info, 32, 2);
  EXPECT_EQ(read_le<std::uint32_t>(bar, 4), 3U);
  EXPECT_EQ(read_le<std::uint32_t>(bar, 8), 2U);
  EXPECT_EQ(read_le<std::uint64_t>(bar, 16), 0x2000000000U);
  const auto rom = ask_info(Command::get_region_info, 32, 6);
  EXPECT_EQ(read_le<std::uint32_t>(rom, 4), 0U);
  EXPECT_EQ(read_le<std::uint64_t>(rom, 16), 0U);
}

TEST_F(SessionTest, TellsTheNumbersOfInterrupts) {
  const auto msix = ask_info(Command::get_irq_info, 16, 2);
  EXPECT_EQ(read_le<std::uint32_t>(msix, 4), 1U);
  EXPECT_EQ(read_le<std::uint32_t>(msix, 12), 9U);
  const auto intx = ask_info(Command::get_irq_info, 16, 0);
  EXPECT_EQ(read_le<std::uint32_t>(intx, 12), 0U);
}

TEST_F(SessionTest, RefusesQuestionsThatMakeNoSense) {
  EXPECT_THAT(ask_info(Command::get_region_info, 31, 0), IsEmpty());
  EXPECT_EQ(error(), EINVAL);
  EXPECT_THAT(ask_info(Command::get_region_info, 32, 9), IsEmpty());
  EXPECT_EQ(error(), EINVAL);
  EXPECT_THAT(ask_info(Command::get_irq_info, 16, 5), IsEmpty());
  EXPECT_EQ(error(), EINVAL);
  EXPECT_THAT(send(Command::get_device_info, {}), IsEmpty());
  EXPECT_EQ(error(), EINVAL);
  EXPECT_THAT(send(Command::set_irqs, {0, 0}), IsEmpty());
  EXPECT_EQ(error(), EINVAL);
}

TEST_F(SessionTest, ReadsAndWritesRegions) {
  EXPECT_THAT(read(0, 7, 4), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4,
                                         0, 0, 0, 0xDE, 0x10, 0x42, 0x23));
  EXPECT_THAT(write(4, 7, 2, {6, 0}),
              ElementsAre(4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0));
  EXPECT_EQ(read(0x1498, 0, 1).back(), 0xFF);
}

TEST_F(SessionTest, RefusesAccessesBeyondARegion) {
  read(4094, 7, 4);
  EXPECT_EQ(error(), EINVAL);
  read(0xFFFFFFFFFFFFFFFF, 0, 1);
  EXPECT_EQ(error(), EINVAL);
  read(0, 1, 4);
  EXPECT_EQ(error(), EINVAL);
  read(0, 0xFFFFFFFF, 4);
  EXPECT_EQ(error(), EINVAL);
  read(0, 0, 0x10001);
  EXPECT_EQ(error(), EINVAL);
  write(16 * kMiB, 0, 1, {0});
  EXPECT_EQ(error(), EINVAL);
}

TEST_F(SessionTest, RefusesWritesThatDoNotBringTheirData) {
  write(0, 0, 4, {1, 2, 3});
  EXPECT_EQ(error(), EINVAL);
  write(0, 0, 2, {1, 2, 3});
  EXPECT_EQ(error(), EINVAL);
}

TEST_F(SessionTest, TakesEmptyAccesses) {
  EXPECT_EQ(read(0, 6, 0).size(), 16U);
  EXPECT_EQ(error(), 0U);
  EXPECT_EQ(read(16 * kMiB, 0, 0).size(), 16U);
  EXPECT_EQ(error(), 0U);
}

TEST_F(SessionTest, ResetsTheGpu) {
  EXPECT_THAT(send(Command::device_reset, {}), IsEmpty());
  EXPECT_EQ(error(), 0U);
  EXPECT_EQ(gpu_.counters().device_resets, 1U);
}

TEST_F(SessionTest, HasNothingToDoForDma) {
  const Raw map(32, 1);
  EXPECT_THAT(send(Command::dma_map, map), IsEmpty());
  EXPECT_EQ(error(), 0U);
  const Raw unmap(24, 2);
  EXPECT_EQ(send(Command::dma_unmap, unmap), unmap);
}

TEST_F(SessionTest, DeliversWhatWasPendingToANewListener) {
  gpu_.set_pending(4);
  const TestEvent event;
  std::vector<Fd> fds;
  fds.push_back(event.sender());
  send(Command::set_irqs,
       Writer().add(20U).add(0x24U).add(2U).add(4U).add(1U).take(),
       std::move(fds));
  EXPECT_EQ(error(), 0U);
  EXPECT_EQ(event.count(), 1U);
  EXPECT_FALSE(gpu_.take_pending(4));
}

TEST_F(SessionTest, DoesNotKnowOtherCommands) {
  const std::array<std::uint16_t, 7> others{0, 6, 11, 12, 14, 15, 0xFFFF};
  for (const auto command : others) {
    send_number(command, {});
    EXPECT_EQ(error(), ENOTSUP) << command;
  }
}

TEST_F(SessionTest, SendsNoReplyThatIsNotWanted) {
  auto quiet = message(13, {});
  quiet.header.flags = 0x10;
  const auto reply = session_.answer(std::move(quiet), now_);
  ASSERT_TRUE(reply);
  EXPECT_THAT(*reply, IsEmpty());
  EXPECT_EQ(gpu_.counters().device_resets, 1U);
}

// Payloads that are nearly right go further than random ones.
Raw random_payload(std::mt19937& random) {
  const auto pick = [&random](unsigned limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  Writer writer;
  writer.add(pick(2) == 0 ? std::uint64_t{pick(5000)} : std::uint64_t{random()})
      .add(pick(10))
      .add(pick(4) == 0 ? std::uint32_t{pick(0xFFFFFFFF)} : pick(70'000));
  for (unsigned rest = pick(40); rest > 0; --rest) {
    writer.add(static_cast<std::uint8_t>(random()));
  }
  auto bytes = writer.take();
  bytes.resize(pick(static_cast<unsigned>(bytes.size()) + 1));
  return bytes;
}

TEST_F(SessionTest, SurvivesWhateverItIsSent) {
  std::mt19937 random(20230606);  // NOLINT: the same every time
  for (int i = 0; i < 50'000; ++i) {
    std::vector<Fd> fds;
    if (i % 16 == 0) {
      fds.push_back(TestEvent().sender());
    }
    const auto command = static_cast<std::uint16_t>(random() % 20);
    // Version 1 is a reason to hang up, and nothing else.
    const auto reply = session_.answer(
        message(command, random_payload(random), std::move(fds)), now_);
    ASSERT_TRUE(reply || command == 1);
  }
  EXPECT_EQ(gpu_.region_size(7), 4096U);
  gpu_.reset_device(now_);
  EXPECT_EQ(read(0, 7, 1).back(), 0xDE);
}

}  // namespace
}  // namespace nvgpuctl::gpusim
