// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "base/result.hpp"

// What the two files of RootDir share: how paths are spelled and what an errno
// means.

namespace nvgpuctl {

inline Errc classify(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENOTDIR:
    case ENXIO:
      return Errc::not_found;
    case EACCES:
    case EPERM:
      return Errc::permission;
    case EBUSY:
      return Errc::busy;
    case ELOOP:
    case ENAMETOOLONG:
      return Errc::malformed;
    default:
      return Errc::io;
  }
}

inline std::string absolute(std::string_view path) {
  return path.starts_with('/') ? std::string(path) : '/' + std::string(path);
}

inline tl::unexpected<Error> system_failure(std::string_view path, int error) {
  return fail(classify(error), absolute(path),
              std::generic_category().message(error));
}

inline std::string relative(std::string_view path) {
  while (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  return path.empty() ? "." : std::string(path);
}

}  // namespace nvgpuctl
