// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/input_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "host/read_write.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
Result<std::string> read_input(const std::string& path,
                               std::size_t most_bytes) {
  const bool standard = path == "-";
  const Fd opened(standard ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int in = standard ? STDIN_FILENO : opened.get();
  if (in < 0) {
    return call_failure(path, errno);
  }
  auto all = read_all(in, most_bytes);
  if (all.end == ReadEnd::failed) {
    return call_failure(path, all.error);
  }
  if (all.end == ReadEnd::over_limit) {
    return fail(Errc::malformed, path,
                "is larger than " + human_size(most_bytes));
  }
  return std::move(all.text);
}

}  // namespace nvgpuctl
