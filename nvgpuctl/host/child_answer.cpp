// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/child_answer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "base/fd.hpp"
#include "host/child_files.hpp"

namespace nvgpuctl {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void run_child(const std::function<void(int)>& work, int out,
                            pid_t parent) {
  // It must not outlive us.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(1);  // ended before we said that
  }
  // libvirt reports errors to stderr, too; the parent does that better.
  let_go_of_files(out);
  work(out);
  // Without the parent's exit handlers, and without waiting for libvirt's.
  ::_exit(0);
}

// What the child says until it ends, falls silent past the deadline, or says
// too much. True when it ended.
bool listen(int in, Clock::time_point deadline, std::size_t most,
            std::string& answer) {
  std::array<char, 4096> buffer{};
  while (answer.size() < most) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::now());
    pollfd entry{.fd = in, .events = POLLIN, .revents = 0};
    const int ready = left.count() > 0
                          ? ::poll(&entry, 1, static_cast<int>(left.count()))
                          : 0;
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return false;
    }
    const ssize_t count = ::read(in, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return true;
    }
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return false;
}

// Even SIGKILL does not end a process that hangs in the kernel, so waiting is
// bounded, too; init will collect it.
void end_child(pid_t child) {
  ::kill(child, SIGKILL);
  for (int i = 0; i < 20; ++i) {
    if (::waitpid(child, nullptr, WNOHANG) != 0) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

void say(int out, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(out, text.data(), text.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      ::_exit(1);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

ChildAnswer ask_child(const std::function<void(int)>& work,
                      std::chrono::milliseconds deadline,
                      std::size_t most_bytes) {
  ChildAnswer answer;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    answer.problem = std::generic_category().message(errno);
    return answer;
  }
  const Fd in(ends[0]);
  Fd out(ends[1]);
  const auto end = Clock::now() + deadline;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    answer.problem = std::generic_category().message(errno);
    return answer;
  }
  if (child == 0) {
    run_child(work, out.get(), parent);
  }
  // Ours must be closed, or the child's end of file would never show.
  out = Fd();
  answer.ended = listen(in.get(), end, most_bytes, answer.text);
  end_child(child);
  return answer;
}

}  // namespace nvgpuctl
