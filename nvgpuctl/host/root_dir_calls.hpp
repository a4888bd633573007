// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "host/system_error.hpp"

// How the paths of a RootDir are spelled.

namespace nvgpuctl {

inline std::string absolute(std::string_view path) {
  return path.starts_with('/') ? std::string(path) : '/' + std::string(path);
}

inline tl::unexpected<Error> system_failure(std::string_view path, int error) {
  return call_failure(absolute(path), error);
}

inline std::string relative(std::string_view path) {
  while (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  return path.empty() ? "." : std::string(path);
}

}  // namespace nvgpuctl
