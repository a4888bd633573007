// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/host_lock.hpp"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/text.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Who wrote its number into the lock file. It may be gone by now, or not have
// come to writing yet: this is for a message only.
std::string holder(const RootDir& root) {
  const auto text = root.read_text(kLockPath);
  const auto pid = text ? parse_unsigned(trim(*text)) : std::nullopt;
  if (!pid) {
    return "another nvgpuctl";
  }
  const auto command = root.read_text(fmt::format("/proc/{}/comm", *pid));
  return fmt::format("{} (pid {})", command ? trim(*command) : "a process",
                     *pid);
}

void write_own_number(const Fd& fd) {
  const std::string text = fmt::format("{}\n", ::getpid());
  // Where that fails, a message has a number less.
  if (::ftruncate(fd.get(), 0) == 0) {
    (void)!::pwrite(fd.get(), text.data(), text.size(), 0);
  }
}

}  // namespace

Result<HostLock> HostLock::take(const RootDir& root, milliseconds wait) {
  auto made = root.make_directory("/run/nvgpuctl");
  if (!made) {
    return forward_error(made);
  }
  auto fd = root.open_lock_file(kLockPath);
  if (!fd) {
    return forward_error(fd);
  }
  // Whoever can open the file can lock it: nobody else is to. Earlier versions
  // have made it readable.
  (void)::fchmod(fd->get(), 0600);
  const auto end = steady_clock::now() + wait;
  constexpr milliseconds kPause{20};
  while (::flock(fd->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return call_failure(std::string(kLockPath), errno);
    }
    if (steady_clock::now() >= end) {
      return fail(Errc::locked, std::string(kLockPath),
                  fmt::format("{} has it, and has not let go of it in {} s",
                              holder(root), wait.count() / 1000),
                  "wait for it, or see what it does; the lock goes with the "
                  "process");
    }
    std::this_thread::sleep_for(kPause);
  }
  write_own_number(*fd);
  return HostLock(std::move(*fd));
}

}  // namespace nvgpuctl
