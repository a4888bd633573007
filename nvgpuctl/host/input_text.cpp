// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/input_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace nvgpuctl {
namespace {

tl::unexpected<Error> failure(const std::string& path, int error) {
  const Errc code = error == ENOENT   ? Errc::not_found
                    : error == EACCES ? Errc::permission
                                      : Errc::io;
  return fail(code, path, std::generic_category().message(error));
}

}  // namespace

Result<std::string> read_input(const std::string& path,
                               std::size_t most_bytes) {
  const bool standard = path == "-";
  const Fd opened(standard ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int in = standard ? STDIN_FILENO : opened.get();
  if (in < 0) {
    return failure(path, errno);
  }
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(in, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return failure(path, errno);
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > most_bytes) {
      return fail(Errc::malformed, path,
                  "is larger than " + human_size(most_bytes));
    }
  }
}

}  // namespace nvgpuctl
