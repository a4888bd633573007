// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nvgpuctl {

std::optional<unsigned> terminal_columns(int fd) {
  if (::isatty(fd) == 0) {
    return std::nullopt;
  }
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) {
    return 0U;
  }
  return size.ws_col;
}

void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) {
      continue;
    }
    // open() takes the lowest free number, which is this one. The wrong
    // direction on purpose: writing to it fails with EBADF.
    const int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    (void)::open("/dev/null", flags);
  }
}

}  // namespace nvgpuctl
