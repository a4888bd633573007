// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/system_log.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace nvgpuctl {

void log_warning(const RootDir& root, std::string_view text) {
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = root.prefix() + "/dev/log";
  if (!fd.valid() || path.size() >= sizeof(address.sun_path)) {
    return;
  }
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return;
  }
  const std::string line = fmt::format(
      "<{}>nvgpuctl[{}]: {}", LOG_DAEMON | LOG_WARNING, ::getpid(), text);
  (void)::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL);
}

}  // namespace nvgpuctl
