// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/module_loader.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/text.hpp"

namespace nvgpuctl {

Result<> Modprobe::load(const std::string& module) {
  const std::string subject = "module " + module;
  // An absolute path and a fixed environment: root's PATH is not trusted.
  std::string program = "/sbin/modprobe";
  std::string end_of_options = "--";
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  std::vector<std::string> words;
  for (const auto word : split(module, ' ')) {
    words.emplace_back(word);
  }
  std::vector<char*> arguments{program.data(), end_of_options.data()};
  for (auto& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const std::array<char*, 2> environment{path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (output_ == ModprobeOutput::dropped) {
    for (const int descriptor : {1, 2}) {
      ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null",
                                         O_WRONLY, 0);
    }
  }
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr,
                                  arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return fail(Errc::io, subject,
                program + ": " + std::generic_category().message(error),
                "install kmod");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Errc::io, subject, "modprobe could not load it",
                output_ == ModprobeOutput::shown
                    ? "its message is above; see also the kernel log"
                    : "see the kernel log");
  }
  return {};
}

}  // namespace nvgpuctl
