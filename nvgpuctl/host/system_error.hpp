// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/result.hpp"

// What an errno means, once for all files here.

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

// strerror(3), which other threads may call meanwhile.
inline std::string error_text(int error) {
  return std::generic_category().message(error);
}

// For a subject that is no path below a root (system_failure() for those).
inline tl::unexpected<Error> call_failure(std::string subject, int error,
                                          std::string hint = {}) {
  return fail(classify(error), std::move(subject), error_text(error),
              std::move(hint));
}

}  // namespace nvgpuctl
