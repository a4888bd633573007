// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.hpp"
#include "host/read_write.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {

Result<> write_new_file(const std::string& path, std::string_view text,
                        Readers readers) {
  // Never follows a link that somebody placed there.
  Fd file(::open(path.c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 readers == Readers::root ? 0600 : 0666));
  if (!file.valid()) {
    return errno == EEXIST ? exists_already(path) : call_failure(path, errno);
  }
  int error = write_all(file.get(), text);
  // Some file systems say only now that there was no room.
  if (::close(file.release()) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    // Half a file helps nobody and would be in the way of the next attempt.
    ::unlink(path.c_str());
    return call_failure(path, error);
  }
  return {};
}

tl::unexpected<Error> exists_already(const std::string& path) {
  return fail(Errc::io, path, "exists already",
              "nothing is overwritten; name another place");
}

}  // namespace nvgpuctl
