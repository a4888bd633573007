// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/run_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "host/argument_list.hpp"

namespace nvgpuctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A program hangs in the kernel at times, and then even SIGKILL has to wait.
Result<int> await(pid_t child, const std::string& path, milliseconds patience) {
  constexpr milliseconds kPause{10};
  const auto end = Clock::now() + patience;
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (ended < 0 && errno != EINTR) {
      return fail(Errc::io, path, std::generic_category().message(errno));
    }
    if (Clock::now() > end) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, WNOHANG);
      return fail(
          Errc::io, path,
          fmt::format("is not through after {} s", patience.count() / 1000));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<int> run_program(const std::string& path,
                        std::vector<std::string> arguments,
                        ProgramOutput output, milliseconds patience) {
  arguments.insert(arguments.begin(), path);
  const ArgumentList words(std::move(arguments));
  const ArgumentList environment({kSafePath});
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (output == ProgramOutput::dropped) {
    for (const int descriptor : {1, 2}) {
      ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null",
                                         O_WRONLY, 0);
    }
  }
  pid_t child = 0;
  const int error = ::posix_spawn(&child, path.c_str(), &actions, nullptr,
                                  words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(Errc::io, path, std::generic_category().message(error));
  }
  return await(child, path, patience);
}

}  // namespace nvgpuctl
