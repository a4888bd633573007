// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/kernel_call.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "host/child_files.hpp"
#include "host/hung_records.hpp"
#include "host/root_dir_calls.hpp"
#include "host/utc_now.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// A process that was begun and has not been asked for its exit code.
struct Running {
  std::size_t index = 0;
  HungWrite record;
  Fd process;  // a pidfd, readable once it has ended
  bool ended = false;
};

// noexcept: an exception would go on in our caller, as a second one of it.
[[noreturn]] void run_child(const KernelCall& call, int go) noexcept {
  char byte = 0;
  // Without the byte nobody has written down that we begin.
  if (::read(go, &byte, 1) != 1) {
    ::_exit(0);
  }
  // A number below 3 would be /dev/null from here on.
  if (call.keep >= 0 && call.keep < 3) {
    ::_exit(EBADF);
  }
  let_go_of_files(call.keep);
  ::setsid();  // ^C is for us
  ::_exit(call.work());
}

// What a lone newline is to be read as.
std::string shown(const std::string& value) {
  return value == "\n" ? "\\n" : value;
}

Result<> write_down(const RootDir& root, const KernelCall& call,
                    Running& running, pid_t child) {
  const auto stat = read_process_stat(root, static_cast<std::uint64_t>(child));
  if (!stat && root.live()) {
    return forward_error(stat);
  }
  running.record = {call.subject,
                    static_cast<std::uint64_t>(child),
                    stat ? stat->start_ticks : 0,
                    call.path,
                    shown(call.value),
                    utc_now(),
                    static_cast<std::uint64_t>(root.patience().bound.count()),
                    false,
                    ""};
  return store_hung(root, running.record);
}

Result<Running> begin(const RootDir& root, const KernelCall& call) {
  auto* observer = root.observer();
  const auto way = observer == nullptr ? Interference{}
                                       : observer->before("fork", call.path);
  std::array<int, 2> ends{};
  if (way.error != 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_failure(call.path, way.error != 0 ? way.error : errno);
  }
  const Fd go_in(ends[0]);
  Fd go_out(ends[1]);
  // Where SIGCHLD is ignored, which is inherited, no exit code would be kept.
  ::signal(SIGCHLD, SIG_DFL);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(go_out.get());
    run_child(call, go_in.get());
  }
  if (child < 0) {
    return system_failure(call.path, errno);
  }
  Running running;
  running.process = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (observer != nullptr) {
    observer->after("fork", fmt::format("/proc/{}", child));
  }
  auto written = running.process.valid()
                     ? write_down(root, call, running, child)
                     : Result<>(system_failure(call.path, errno));
  if (written && ::write(go_out.get(), "g", 1) == 1) {
    return running;
  }
  go_out = Fd();  // it ends without having done anything
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (observer != nullptr) {
    observer->after("reap", fmt::format("/proc/{}", child));
  }
  return written ? Result<Running>(system_failure(call.path, EPIPE))
                 : Result<Running>(forward_error(written));
}

// Until all have ended or the time has come.
void wait_for_all(std::vector<Running>& all, Clock::time_point end,
                  const std::function<void(std::size_t)>& left_changed) {
  for (;;) {
    std::vector<pollfd> entries;
    for (const auto& one : all) {
      if (!one.ended) {
        entries.push_back(
            {.fd = one.process.get(), .events = POLLIN, .revents = 0});
      }
    }
    const auto now = Clock::now();
    left_changed(entries.size());
    if (entries.empty() || now >= end) {
      return;
    }
    constexpr milliseconds kTick{1000};
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - now) + milliseconds(1);
    ::poll(entries.data(), entries.size(),
           static_cast<int>(std::min(left, kTick).count()));
    std::size_t entry = 0;
    for (auto& one : all) {
      one.ended = one.ended || entries.at(entry++).revents != 0;
    }
  }
}

void collect(const RootDir& root, const Running& one, CallAnswer& answer) {
  if (!one.ended) {
    auto hung = find_hung(root, one.record.subject);
    answer.hung = hung ? *hung : one.record;
    answer.hung->overdue = true;
    return;
  }
  const auto child = static_cast<pid_t>(one.record.pid);
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(child, &status, 0);
  } while (ended < 0 && errno == EINTR);
  // If somebody else has asked for it, nobody can say how it went.
  if (ended == child && WIFEXITED(status)) {
    answer.code = WEXITSTATUS(status);
  }
  if (root.observer() != nullptr) {
    root.observer()->after("reap", fmt::format("/proc/{}", one.record.pid));
  }
  drop_hung(root, one.record.subject);
}

}  // namespace

std::vector<CallAnswer> run_kernel_calls(const RootDir& root,
                                         const std::vector<KernelCall>& calls,
                                         const WaitProgress& progress) {
  std::vector<CallAnswer> answers(calls.size());
  std::vector<Running> running;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    auto begun = begin(root, calls[i]);
    if (begun) {
      begun->index = i;
      running.push_back(std::move(*begun));
    } else {
      answers[i].failure = begun.error();
    }
  }
  const auto start = Clock::now();
  std::size_t told = calls.size() + 1;
  const auto left_changed = [&](std::size_t left) {
    if (progress && left > 0 && left != told &&
        Clock::now() - start >= milliseconds(1000)) {
      told = left;
      progress(left, calls.size());
    }
  };
  wait_for_all(running, start + root.patience().bound, left_changed);
  // What waits so that it can be killed has then not changed anything; and
  // what cannot be, will end as soon as the kernel lets it.
  constexpr milliseconds kGrace{500};
  for (const auto& one : running) {
    if (!one.ended && root.patience().kills) {
      ::kill(static_cast<pid_t>(one.record.pid), SIGKILL);
    }
  }
  if (root.patience().kills) {
    wait_for_all(running, Clock::now() + kGrace, left_changed);
  }
  for (const auto& one : running) {
    collect(root, one, answers[one.index]);
  }
  return answers;
}

std::vector<WriteAnswer> write_together(const RootDir& root,
                                        const std::vector<KernelWrite>& writes,
                                        const WaitProgress& progress) {
  std::vector<WriteAnswer> answers(writes.size());
  std::vector<PreparedWrite> prepared;
  std::vector<KernelCall> calls;
  std::vector<std::size_t> places;
  prepared.reserve(writes.size());  // the calls refer to them
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto one = root.prepare_write(writes[i].path, writes[i].value);
    if (!one) {
      answers[i].written = forward_error(one);
      continue;
    }
    const auto& write = prepared.emplace_back(std::move(*one));
    calls.push_back({to_string(writes[i].gpu), writes[i].path, writes[i].value,
                     [&write] { return write.perform(); }, write.fd.get()});
    places.push_back(i);
  }
  auto ends = run_kernel_calls(root, calls, progress);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    auto& answer = answers[places[i]];
    if (ends[i].failure) {
      answer.written = tl::unexpected<Error>(*ends[i].failure);
    } else if (ends[i].hung) {
      answer.written = tl::unexpected<Error>(hung_error(*ends[i].hung));
      answer.hung = std::move(ends[i].hung);
    } else if (ends[i].code) {
      answer.written = root.finish_write(prepared[i], *ends[i].code);
    } else {
      answer.written =
          fail(Errc::io, calls[i].path,
               fmt::format("took longer than {} s, and was interrupted",
                           root.patience().bound.count() / 1000));
    }
  }
  return answers;
}

}  // namespace nvgpuctl
