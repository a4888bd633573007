// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/server.hpp"

#include <fmt/format.h>
#include <linux/vfio.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "gpusim/control.hpp"

namespace nvgpuctl::gpusim {
namespace {

constexpr std::size_t kMaxCommanders = 8;
constexpr std::size_t kMaxLine = 1024;
// In one go, before the others get their turn.
constexpr int kMaxMessages = 64;

short events_of(const Outgoing& out) {
  // Who does not fetch answers may not ask more.
  return out.empty() ? POLLIN : POLLOUT;
}

// What a log should have of a message; nothing for the very many.
std::string describe(const Message& message) {
  const auto command = static_cast<Command>(message.header.command);
  if (command == Command::region_read || command == Command::dma_map ||
      command == Command::dma_unmap) {
    return {};
  }
  if (command != Command::region_write) {
    return fmt::format("command {}, {} bytes, {} descriptors",
                       message.header.command, message.header.size,
                       message.fds.size());
  }
  const auto access = parse_region_access(message.payload);
  if (!access || access->region != VFIO_PCI_CONFIG_REGION_INDEX ||
      message.payload.size() > kRegionAccessSize + 8) {
    return {};
  }
  std::string text = fmt::format("config {:#05x} <-", access->offset);
  for (const auto byte : Bytes(message.payload).subspan(kRegionAccessSize)) {
    text += fmt::format(" {:02x}", byte);
  }
  return text;
}

}  // namespace

Result<Server> Server::open(const ServerOptions& options, Gpu& gpu, Log& log) {
  auto device = Listener::open(options.socket);
  if (!device) {
    return forward_error(device);
  }
  auto control = Listener::open(options.control);
  if (!control) {
    return forward_error(control);
  }
  return Server(options, std::move(*device), std::move(*control), gpu, log);
}

Result<> Server::run() {
  while (!finished_) {
    auto events = wanted_events();
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) {
      return fail(Errc::io, "poll", std::strerror(errno));
    }
    if (events[0].revents != 0) {
      log_line("told to stop");
      return {};
    }
    if (events[1].revents != 0 && !client_) {
      accept_client();
    } else if (events[1].revents != 0 && !serve_client()) {
      drop_client();
    }
    auto event = events.begin() + 3;
    for (auto it = commanders_.begin(); it != commanders_.end(); ++event) {
      const bool over = event->revents != 0 && !serve_commander(*it);
      it = over ? commanders_.erase(it) : std::next(it);
    }
    if (events[2].revents != 0) {
      accept_commander();
    }
  }
  return {};
}

// In this order: stop, the client or the next one, the control socket, and
// those connected to it. poll() leaves negative descriptors out.
std::vector<pollfd> Server::wanted_events() const {
  std::vector<pollfd> events;
  events.push_back({options_.stop_fd, POLLIN, 0});
  if (client_) {
    events.push_back({client_->fd.get(), events_of(client_->out), 0});
  } else {
    events.push_back({device_.fd(), POLLIN, 0});
  }
  const bool full = commanders_.size() >= kMaxCommanders;
  events.push_back({full ? -1 : control_.fd(), POLLIN, 0});
  for (const auto& commander : commanders_) {
    events.push_back({commander.fd.get(), events_of(commander.out), 0});
  }
  return events;
}

void Server::accept_client() {
  Fd fd = device_.accept();
  if (fd.valid()) {
    client_.emplace(Client{std::move(fd), Session(gpu_, interrupts_)});
    log_line("client connected");
  }
}

void Server::accept_commander() {
  Fd fd = control_.accept();
  if (fd.valid()) {
    commanders_.push_back(Commander{std::move(fd)});
  }
}

void Server::drop_client() {
  client_.reset();
  interrupts_.clear();
  finished_ = !options_.keep;
  log_line("client gone");
}

bool Server::serve_client() {
  for (int i = 0; i < kMaxMessages && client_->out.empty(); ++i) {
    const auto receipt = client_->in.receive(client_->fd.get());
    if (!receipt) {
      log_line(receipt.error().subject + " " + receipt.error().problem);
      return false;
    }
    if (*receipt == Receipt::closed) {
      return false;
    }
    if (*receipt == Receipt::partial) {
      return true;
    }
    if (!answer_message()) {
      return false;
    }
  }
  return client_->out.flush(client_->fd.get());
}

bool Server::answer_message() {
  const auto now = Clock::now();
  auto message = client_->in.take();
  if (const auto text = describe(message); !text.empty()) {
    log_line(text);
  }
  const auto resets = gpu_.counters().function_resets;
  const auto reply = client_->session.answer(std::move(message), now);
  if (!reply) {
    log_line(reply.error().subject + " " + reply.error().problem);
    return false;
  }
  if (resets != gpu_.counters().function_resets) {
    log_line("function level reset");
  }
  client_->out.add(*reply);
  return client_->out.flush(client_->fd.get());
}

bool Server::serve_commander(Commander& commander) {
  const int fd = commander.fd.get();
  if (!commander.out.flush(fd)) {
    return false;
  }
  if (!commander.out.empty()) {
    return true;
  }
  std::array<char, kMaxLine> buffer;
  const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  }
  const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  for (const char c : text) {
    if (c == '\n') {
      run_line(commander);
    } else if (commander.line.size() < kMaxLine) {
      commander.line += c;
    } else {
      commander.too_long = true;
    }
  }
  return commander.out.flush(fd);
}

void Server::run_line(Commander& commander) {
  const std::string line = std::exchange(commander.line, {});
  const bool too_long = std::exchange(commander.too_long, false);
  const auto answer =
      too_long
          ? fmt::format("error: a line has at most {} characters", kMaxLine)
          : run_command(line, gpu_, interrupts_, Clock::now());
  if (!too_long && trim(line) != "state") {
    // Other people's bytes are not printed as they are.
    log_line(answer == "ok" ? fmt::format("control: {}", trim(line)) : answer);
  }
  for (const char c : answer + '\n') {
    const auto byte = static_cast<std::uint8_t>(c);
    commander.out.add({&byte, 1});
  }
}

}  // namespace nvgpuctl::gpusim
