// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/standard_input.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/fd.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::steady_clock;

constexpr const char* kSubject = "standard input";

tl::unexpected<Error> input_failure() {
  return fail(Errc::io, kSubject, std::generic_category().message(errno));
}

}  // namespace

Result<std::string> read_standard_input(std::size_t limit,
                                        std::chrono::milliseconds time) {
  const auto end = steady_clock::now() + time;
  std::string text;
  bool too_long = false;
  std::array<char, 16384> piece{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - steady_clock::now());
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(
        &input, 1, left.count() < 0 ? 0 : static_cast<int>(left.count()));
    if (ready == 0) {
      return fail(Errc::io, kSubject, "does not end");
    }
    const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return input_failure();
    }
    if (count == 0) {
      break;
    }
    if (text.size() + static_cast<std::size_t>(count) > limit) {
      too_long = true;
      continue;
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  if (too_long) {
    return fail(Errc::malformed, kSubject,
                "longer than " + std::to_string(limit) + " bytes");
  }
  return text;
}

Result<> replace_standard_input(std::string_view text) {
  const Fd memory(::memfd_create("domain", MFD_CLOEXEC));
  if (!memory.valid()) {
    return input_failure();
  }
  while (!text.empty()) {
    const ssize_t count = ::write(memory.get(), text.data(), text.size());
    if (count < 0) {
      return input_failure();
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::lseek(memory.get(), 0, SEEK_SET) != 0 ||
      ::dup2(memory.get(), STDIN_FILENO) < 0) {
    return input_failure();
  }
  return {};
}

void end_after(std::chrono::seconds time) {
  ::alarm(static_cast<unsigned>(time.count()));
}

}  // namespace nvgpuctl
