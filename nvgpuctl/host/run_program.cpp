// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/run_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "host/argument_list.hpp"
#include "host/system_error.hpp"

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
      return call_failure(path, errno);
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

// What posix_spawn(3) is to do in the child besides.
class SpawnWishes {
 public:
  SpawnWishes() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnWishes() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnWishes(const SpawnWishes&) = delete;
  SpawnWishes& operator=(const SpawnWishes&) = delete;

  // That we ignore SIGPIPE would be inherited. An error number, or 0, as below.
  int let_sigpipe_end_it() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGPIPE);
    const int error = ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    return error != 0 ? error
                      : ::posix_spawnattr_setflags(&attributes_,
                                                   POSIX_SPAWN_SETSIGDEF);
  }
  int drop(int descriptor) {
    return ::posix_spawn_file_actions_addopen(&actions_, descriptor,
                                              "/dev/null", O_WRONLY, 0);
  }
  int spawn(pid_t& child, const std::string& path, const ArgumentList& words,
            const ArgumentList& environment) const {
    return ::posix_spawn(&child, path.c_str(), &actions_, &attributes_,
                         words.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<int> run_program(const std::string& path,
                        std::vector<std::string> arguments,
                        ProgramOutput output, milliseconds patience) {
  arguments.insert(arguments.begin(), path);
  const ArgumentList words(std::move(arguments));
  const ArgumentList environment({kSafePath});
  SpawnWishes wishes;
  int error = wishes.let_sigpipe_end_it();
  for (const int descriptor : {1, 2}) {
    if (error == 0 && output == ProgramOutput::dropped) {
      error = wishes.drop(descriptor);
    }
  }
  pid_t child = 0;
  if (error == 0) {
    error = wishes.spawn(child, path, words, environment);
  }
  if (error != 0) {
    return call_failure(path, error);
  }
  return await(child, path, patience);
}

}  // namespace nvgpuctl
