// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

namespace nvgpuctl::gpusim {
namespace {

std::string errno_text() {
  return std::strerror(errno);
}

// Takes over the descriptors that came with a message.
std::vector<Fd> fds_of(msghdr& message) {
  std::vector<Fd> fds;
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds.emplace_back(fd);
    }
  }
  return fds;
}

// Nothing, or a socket that somebody left there.
bool is_free(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0 || S_ISSOCK(status.st_mode);
}

}  // namespace

Result<Listener> Listener::open(const std::string& path) {
  // Made beside, and moved there when it is ready: where there is a socket,
  // one can connect to it.
  const std::string made = path + "~";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || made.size() >= sizeof(address.sun_path)) {
    return fail(Errc::usage, path,
                fmt::format("a socket's path has 1 to {} characters",
                            sizeof(address.sun_path) - 2));
  }
  if (!is_free(path)) {
    return fail(Errc::busy, path, "is there already, and no socket");
  }
  made.copy(address.sun_path, made.size());
  ::unlink(made.c_str());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  if (!fd.valid() || ::bind(fd.get(), any, sizeof(address)) != 0 ||
      ::listen(fd.get(), 4) != 0 || ::rename(made.c_str(), path.c_str()) != 0) {
    return fail(Errc::io, path, "cannot make the socket: " + errno_text());
  }
  return Listener(std::move(fd), path);
}

Listener::~Listener() {
  if (fd_.valid()) {
    ::unlink(path_.c_str());
  }
}

Fd Listener::accept() const {
  return Fd(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

bool Outgoing::flush(int fd) {
  while (!bytes_.empty()) {
    const auto sent = ::send(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    bytes_.erase(bytes_.begin(), bytes_.begin() + sent);
  }
  return true;
}

Result<Receipt> Incoming::receive(int fd) {
  if (!header_) {
    auto got = fill(fd, kHeaderSize);
    if (!got || *got != Receipt::complete) {
      return got;
    }
    auto header = parse_header(Bytes(bytes_).first<kHeaderSize>());
    if (!header) {
      return forward_error(header);
    }
    header_ = *header;
  }
  return fill(fd, header_->size);
}

Message Incoming::take() {
  Message message;
  message.header = header_.value_or(Header{});
  message.payload.assign(bytes_.begin() + kHeaderSize, bytes_.end());
  message.fds = std::exchange(fds_, {});
  bytes_.clear();
  header_.reset();
  return message;
}

// Until there are `wanted` bytes of the message.
Result<Receipt> Incoming::fill(int fd, std::size_t wanted) {
  while (bytes_.size() < wanted) {
    const std::size_t have = bytes_.size();
    bytes_.resize(wanted);
    iovec room{&bytes_[have], wanted - have};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> extra;
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    message.msg_control = extra.data();
    message.msg_controllen = extra.size();
    const auto got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    const int error = errno;
    bytes_.resize(have + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && (error == EAGAIN || error == EINTR)) {
      return Receipt::partial;
    }
    if (got <= 0) {
      return Receipt::closed;
    }
    for (auto& sent : fds_of(message)) {
      fds_.push_back(std::move(sent));
    }
    if (fds_.size() > kMaxFds || (message.msg_flags & MSG_CTRUNC) != 0) {
      return fail(
          Errc::malformed, "vfio-user",
          fmt::format("more than {} descriptors with a message", kMaxFds));
    }
  }
  return Receipt::complete;
}

}  // namespace nvgpuctl::gpusim
