// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/child_answer.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "base/fd.hpp"
#include "host/child_files.hpp"
#include "host/read_write.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

using Clock = std::chrono::steady_clock;

// noexcept: an exception would go on in our caller, as a second one of it.
[[noreturn]] void run_child(const std::function<void(int)>& work, int out,
                            pid_t parent) noexcept {
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
  if (write_all(out, text) != 0) {
    ::_exit(1);
  }
}

ChildAnswer ask_child(const std::function<void(int)>& work,
                      std::chrono::milliseconds deadline,
                      std::size_t most_bytes) {
  ChildAnswer answer;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    answer.problem = error_text(errno);
    return answer;
  }
  const Fd in(ends[0]);
  Fd out(ends[1]);
  const auto end = Clock::now() + deadline;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    answer.problem = error_text(errno);
    return answer;
  }
  if (child == 0) {
    run_child(work, out.get(), parent);
  }
  // Ours must be closed, or the child's end of file would never show.
  out = Fd();
  auto said = read_all(in.get(), most_bytes, end);
  answer.ended = said.end == ReadEnd::end_of_file;
  answer.text = std::move(said.text);
  end_child(child);
  return answer;
}

}  // namespace nvgpuctl
