// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/companion.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include "host/argument_list.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

// The folder of the running program: not from argv, which the caller chooses.
std::string own_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string program(path.data(),
                            length < 0 ? 0 : static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/') + 1);
}

}  // namespace

Error become_companion(const std::string& name,
                       std::span<const std::string_view> words) {
  const std::string folder = own_folder();
  if (folder.empty()) {
    return {Errc::io, "/proc/self/exe", "does not name this program",
            "is /proc mounted?"};
  }
  std::vector<std::string> copies{name};
  copies.insert(copies.end(), words.begin(), words.end());
  const ArgumentList argv(std::move(copies));
  const std::string installed = folder + "../libexec/nvgpuctl/" + name;
  const std::string beside = folder + name;
  ::execv(installed.c_str(), argv.data());
  if (errno == ENOENT) {
    ::execv(beside.c_str(), argv.data());
  }
  const int error = errno;
  return {Errc::io, error == ENOENT ? installed + " or " + beside : installed,
          "cannot be started: " + error_text(error),
          "it belongs to this program; install both again"};
}

}  // namespace nvgpuctl
