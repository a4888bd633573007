// SPDX-License-Identifier: GPL-2.0-or-later
// A server on real sockets, with clients that behave and that do not.
#include "gpusim/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "gpusim/test_events.hpp"

namespace nvgpuctl::gpusim {
namespace {

using testing::HasSubstr;
using Raw = std::vector<std::uint8_t>;

// A blocking client that gives up after some seconds.
class Peer {
 public:
  explicit Peer(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof(patience));
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(fd_.get(), any, sizeof(address)), 0);
  }

  void send(const Raw& bytes, const std::vector<int>& fds = {}) const {
    iovec data{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<char, 512> extra{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = extra.data();
      message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      auto* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      std::memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
    }
    EXPECT_EQ(::sendmsg(fd_.get(), &message, MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void send_text(const std::string& text) const {
    send({text.begin(), text.end()});
  }
  // Fewer when the other side closes the connection.
  Raw receive(std::size_t count) const {
    Raw bytes(count);
    const auto got = ::recv(fd_.get(), bytes.data(), count, MSG_WAITALL);
    bytes.resize(static_cast<std::size_t>(got > 0 ? got : 0));
    return bytes;
  }
  std::string receive_line() const {
    std::string line;
    for (auto byte = receive(1); !byte.empty() && byte[0] != '\n';
         byte = receive(1)) {
      line += static_cast<char>(byte[0]);
    }
    return line;
  }
  bool is_closed() const { return receive(1).empty(); }

 private:
  Fd fd_;
};

Raw request(Command command, const Raw& payload) {
  return Writer()
      .add(std::uint16_t{1})
      .add(static_cast<std::uint16_t>(command))
      .add(static_cast<std::uint32_t>(kHeaderSize + payload.size()))
      .add(0U)
      .add(0U)
      .add_bytes(payload)
      .take();
}

Raw read_request(std::uint64_t offset, std::uint32_t region,
                 std::uint32_t count) {
  return request(Command::region_read,
                 Writer().add(offset).add(region).add(count).take());
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    std::string folder =
        (std::filesystem::temp_directory_path() / "gpusim-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    options_ = {.socket = folder_ / "gpu",
                .control = folder_ / "control",
                .keep = true,
                .stop_fd = stop_.get()};
  }
  ~ServerTest() override {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto server = Server::open(options_, gpu_, log_);
    ASSERT_TRUE(server) << server.error().problem;
    server_.emplace(std::move(*server));
    thread_ = std::thread([this] { EXPECT_TRUE(server_->run()); });
  }
  void stop() {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), 8);
    wait();
  }
  void wait() {
    if (thread_.joinable()) {
      thread_.join();
    }
    server_.reset();
  }
  // A client that has agreed on a version.
  Peer connect() {
    Peer peer(options_.socket);
    peer.send(request(Command::version, Writer().add(0U).take()));
    EXPECT_EQ(peer.receive(kHeaderSize + 4).size(), kHeaderSize + 4);
    // The JSON and its terminator.
    while (peer.receive(1) != Raw{0}) {
    }
    return peer;
  }

  std::filesystem::path folder_;
  Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  ServerOptions options_;
  std::ostringstream log_text_;
  Log log_{log_text_, Clock::now()};
  Gpu gpu_{GpuOptions{}, Clock::now()};
  std::optional<Server> server_;
  std::thread thread_;
};

TEST_F(ServerTest, ServesAClient) {
  start();
  const auto peer = connect();
  peer.send(read_request(0, 7, 4));
  const auto reply = peer.receive(36);
  EXPECT_EQ(read_le<std::uint32_t>(reply, 32), 0x234210DEU);
}

TEST_F(ServerTest, TakesMessagesThatComeByteByByte) {
  start();
  const auto peer = connect();
  for (const auto byte : read_request(2, 7, 2)) {
    peer.send({byte});
  }
  const auto reply = peer.receive(34);
  EXPECT_EQ(read_le<std::uint16_t>(reply, 32), 0x2342);
}

TEST_F(ServerTest, TakesManyMessagesAtOnce) {
  start();
  const auto peer = connect();
  Raw all;
  for (int i = 0; i < 1000; ++i) {
    const auto one = read_request(0, 7, 64);
    all.insert(all.end(), one.begin(), one.end());
  }
  peer.send(all);
  EXPECT_EQ(peer.receive(96UL * 1000).size(), 96000U);
}

TEST_F(ServerTest, WaitsForAClientThatFetchesNoReplies) {
  start();
  const auto peer = connect();
  // 200 replies of 64 KiB do not fit into any socket.
  for (int i = 0; i < 200; ++i) {
    peer.send(read_request(0, 2, 65536));
  }
  // Others are served all the same.
  const Peer commander(options_.control);
  commander.send_text("config ok\n");
  EXPECT_EQ(commander.receive_line(), "ok");
  EXPECT_EQ(peer.receive(200UL * (32 + 65536)).size(), 13113600U);
}

TEST_F(ServerTest, PassesInterruptsOn) {
  start();
  const auto peer = connect();
  peer.send(
      request(Command::region_write,
              Writer().add(4ULL).add(7U).add(2U).add(std::uint16_t{6}).take()));
  const TestEvent event;
  const Fd sender = event.sender();
  peer.send(
      request(Command::set_irqs,
              Writer().add(20U).add(0x24U).add(2U).add(0U).add(1U).take()),
      {sender.get()});
  EXPECT_EQ(peer.receive(32 + 16).size(), 48U);
  const Peer commander(options_.control);
  commander.send_text("msix vector=0\n");
  EXPECT_EQ(commander.receive_line(), "ok");
  EXPECT_EQ(event.count(), 1U);
}

TEST_F(ServerTest, HangsUpOnAMessageOfImpossibleSize) {
  start();
  const auto peer = connect();
  Raw bad = read_request(0, 7, 4);
  bad[7] = 0xFF;
  peer.send(bad);
  EXPECT_TRUE(peer.is_closed());
  // The next one is served.
  const auto next = connect();
  next.send(read_request(0, 7, 4));
  EXPECT_EQ(next.receive(36).size(), 36U);
  stop();
  EXPECT_THAT(log_text_.str(), HasSubstr("has 4278190112 bytes"));
}

TEST_F(ServerTest, HangsUpOnMoreDescriptorsThanItTakes) {
  start();
  const auto peer = connect();
  peer.send(read_request(0, 7, 4), std::vector<int>(20, stop_.get()));
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(ServerTest, ClosesDescriptorsThatItHasNoUseFor) {
  start();
  const auto peer = connect();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Fd reader(ends[0]);
  {
    const Fd writer(ends[1]);
    peer.send(request(Command::dma_map, Raw(32)), {writer.get()});
    EXPECT_EQ(peer.receive(16).size(), 16U);
  }
  // Nobody has the other end any more.
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0);
}

TEST_F(ServerTest, EndsWithItsClientUnlessToldToStay) {
  options_.keep = false;
  start();
  { const auto peer = connect(); }
  wait();
  EXPECT_FALSE(std::filesystem::exists(options_.socket));
  EXPECT_FALSE(std::filesystem::exists(options_.control));
}

TEST_F(ServerTest, KeepsTheGpusStateForTheNextClient) {
  start();
  {
    const auto peer = connect();
    peer.send(request(Command::device_reset, {}));
    EXPECT_EQ(peer.receive(16).size(), 16U);
  }
  const auto next = connect();
  stop();
  EXPECT_EQ(gpu_.counters().device_resets, 1U);
}

TEST_F(ServerTest, AnswersCommandsLineByLine) {
  start();
  const Peer one(options_.control);
  const Peer two(options_.control);
  one.send_text("link do");
  two.send_text("ready c2c=1\nbogus\n");
  EXPECT_EQ(two.receive_line(), "ok");
  EXPECT_THAT(two.receive_line(), HasSubstr("error: command: known: "));
  one.send_text("wn\nstate\n");
  EXPECT_EQ(one.receive_line(), "ok");
  EXPECT_THAT(one.receive_line(), HasSubstr(R"("link":"down")"));
}

TEST_F(ServerTest, RefusesEndlessLines) {
  start();
  const Peer peer(options_.control);
  peer.send_text(std::string(100'000, 'x') + "\nconfig ok\n");
  EXPECT_EQ(peer.receive_line(), "error: a line has at most 1024 characters");
  EXPECT_EQ(peer.receive_line(), "ok");
}

TEST_F(ServerTest, TakesThePlaceOfASocketThatWasLeftThere) {
  { auto left = Listener::open(options_.socket); }
  const Fd left(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  options_.socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(left.get(), any, sizeof(address)), 0);
  start();
  const auto peer = connect();
}

TEST_F(ServerTest, DoesNotTakeThePlaceOfAFile) {
  { std::ofstream(options_.socket) << "mine"; }
  const auto server = Server::open(options_, gpu_, log_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().problem, "is there already, and no socket");
  EXPECT_TRUE(std::filesystem::exists(options_.socket));
}

}  // namespace
}  // namespace nvgpuctl::gpusim
