// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/read_write.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;

// Whether read() will answer at once: 1, or 0 when it is too late, or -1 and
// errno.
int wait_for_input(int fd, ReadDeadline deadline) {
  constexpr milliseconds kTick{60'000};  // poll() takes an int
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return 0;
    }
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min(left, kTick).count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) {
      return ready;
    }
  }
}

}  // namespace

ReadAll read_all(int fd, std::size_t limit, ReadDeadline deadline) {
  ReadAll all;
  std::array<char, 16384> piece{};
  for (;;) {
    const int ready =
        deadline == ReadDeadline::max() ? 1 : wait_for_input(fd, deadline);
    if (ready == 0) {
      all.end = ReadEnd::late;
      return all;
    }
    const ssize_t count =
        ready < 0 ? -1 : ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      all.error = errno;
      all.end = ReadEnd::failed;
      return all;
    }
    if (count == 0) {
      return all;
    }
    const auto room = limit - all.text.size();
    const auto got = static_cast<std::size_t>(count);
    all.text.append(piece.data(), std::min(got, room));
    if (got > room) {
      all.end = ReadEnd::over_limit;
      return all;
    }
  }
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return errno;
    }
    if (count == 0) {
      return EIO;  // nothing of ours does that
    }
    text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace nvgpuctl
