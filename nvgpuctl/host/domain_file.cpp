// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/domain_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "core/xml_reader.hpp"

namespace nvgpuctl {
namespace {

Errc code_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Errc::not_found;
    case EACCES:
    case EPERM:
      return Errc::permission;
    default:
      return Errc::io;
  }
}

tl::unexpected<Error> unreadable(const std::string& name, int error) {
  return fail(code_of(error), name,
              "cannot be read: " + std::generic_category().message(error));
}

Result<std::string> read_all(int fd, const std::string& name) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return unreadable(name, errno);
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxXmlBytes) {
      return fail(Errc::malformed, name,
                  fmt::format("has more than {}, which libvirt cannot carry",
                              human_size(kMaxXmlBytes)));
    }
  }
}

}  // namespace

Result<std::string> read_domain_file(const std::string& path) {
  if (path == "-") {
    return read_all(STDIN_FILENO, "standard input");
  }
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd.valid() ? read_all(fd.get(), path) : unreadable(path, errno);
}

}  // namespace nvgpuctl
