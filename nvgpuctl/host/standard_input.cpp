// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/standard_input.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "host/read_write.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

constexpr const char* kSubject = "standard input";

}  // namespace

Result<std::string> read_standard_input(std::size_t limit,
                                        std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  auto all = read_all(STDIN_FILENO, limit, deadline);
  const bool too_long = all.end == ReadEnd::over_limit;
  while (all.end == ReadEnd::over_limit) {
    all = read_all(STDIN_FILENO, limit, deadline);
  }
  if (all.end == ReadEnd::late) {
    return fail(Errc::io, kSubject, "does not end");
  }
  if (all.end == ReadEnd::failed) {
    return call_failure(kSubject, all.error);
  }
  if (too_long) {
    return fail(Errc::malformed, kSubject,
                "longer than " + std::to_string(limit) + " bytes");
  }
  return std::move(all.text);
}

Result<> replace_standard_input(std::string_view text) {
  const Fd memory(::memfd_create("domain", MFD_CLOEXEC));
  if (!memory.valid()) {
    return call_failure(kSubject, errno);
  }
  if (const int error = write_all(memory.get(), text); error != 0) {
    return call_failure(kSubject, error);
  }
  if (::lseek(memory.get(), 0, SEEK_SET) != 0 ||
      ::dup2(memory.get(), STDIN_FILENO) < 0) {
    return call_failure(kSubject, errno);
  }
  return {};
}

void end_after(std::chrono::seconds time) {
  ::alarm(static_cast<unsigned>(time.count()));
}

}  // namespace nvgpuctl
