// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/root_dir.hpp"
#include "host/root_dir_calls.hpp"

// The half of RootDir that changes the host.

namespace nvgpuctl {
namespace {

constexpr unsigned kPrivate = 0600;
constexpr unsigned kPublic = 0644;
// Behind every errno, and an exit code.
constexpr int kTookPart = 255;

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

}  // namespace

template <class Call>
Result<> RootDir::change(std::string_view call, std::string_view path,
                         Call&& perform) const {
  const Interference way =
      observer_ == nullptr ? Interference{} : observer_->before(call, path);
  if (way.error != 0) {
    return system_failure(path, way.error);
  }
  for (;;) {
    if (perform(way) >= 0) {
      break;
    }
    if (errno != EINTR) {
      return system_failure(path, errno);
    }
  }
  if (observer_ != nullptr) {
    observer_->after(call, path);
  }
  return {};
}

int PreparedWrite::perform() const {
  while (way.hang) {
    ::pause();
  }
  const auto part = std::string_view(value).substr(
      0, way.half ? value.size() / 2 : value.size());
  const auto answer =
      observer == nullptr ? std::nullopt : observer->stand_in(path, part);
  auto count = static_cast<ssize_t>(part.size());
  if (!answer) {
    do {
      count = ::write(fd.get(), part.data(), part.size());
    } while (count < 0 && errno == EINTR);
  }
  const int error = answer ? *answer : count < 0 ? errno : 0;
  const bool whole = static_cast<std::size_t>(count) == value.size();
  return error != 0 || whole ? error : kTookPart;
}

Result<PreparedWrite> RootDir::prepare_write(std::string_view path,
                                             std::string_view value) const {
  // sysfs ignores O_TRUNC; a plain file would keep the end of a longer value.
  auto fd = open_below(path, O_WRONLY | O_TRUNC | O_NONBLOCK);
  if (!fd) {
    return forward_error(fd);
  }
  const auto way =
      observer_ == nullptr ? Interference{} : observer_->before("write", path);
  if (way.error != 0) {
    return system_failure(path, way.error);
  }
  return PreparedWrite{std::move(*fd), std::string(path), std::string(value),
                       way, observer_};
}

Result<> RootDir::finish_write(const PreparedWrite& write, int error) const {
  if (error == kTookPart) {
    return fail(Errc::io, absolute(write.path),
                "the kernel took only part of it");
  }
  if (error != 0) {
    return system_failure(write.path, error);
  }
  if (observer_ != nullptr) {
    observer_->after("write", write.path);
  }
  return {};
}

Result<> RootDir::write(std::string_view path, std::string_view value) const {
  const auto write = prepare_write(path, value);
  return write ? finish_write(*write, write->perform())
               : Result<>(forward_error(write));
}

Result<Fd> RootDir::open_parent(std::string_view path) const {
  return open_below(folder_of(absolute(path)), O_RDONLY | O_DIRECTORY);
}

Result<> RootDir::sync_parent(std::string_view path) const {
  auto folder = open_parent(path);
  if (!folder) {
    return forward_error(folder);
  }
  return change("fsync", folder_of(path),
                [&](const Interference&) { return ::fsync(folder->get()); });
}

Result<> RootDir::make_directory(std::string_view path) const {
  if (exists(path)) {
    return {};
  }
  auto folder = open_parent(path);
  if (!folder) {
    return forward_error(folder);
  }
  auto made = change("mkdir", path, [&](const Interference&) {
    const int result = ::mkdirat(folder->get(), file_name(path).c_str(), 0755);
    return result < 0 && errno == EEXIST ? 0 : result;
  });
  return made ? sync_parent(path) : made;
}

Result<> RootDir::write_whole(const Fd& fd, std::string_view path,
                              std::string_view content) const {
  while (!content.empty()) {
    ssize_t count = 0;
    auto written = change("write", path, [&](const Interference& way) {
      count = ::write(fd.get(), content.data(),
                      way.half ? (content.size() + 1) / 2 : content.size());
      return count;
    });
    if (!written) {
      return written;
    }
    if (count == 0) {
      return fail(Errc::io, absolute(path), "takes no more bytes");
    }
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return change("fsync", path,
                [&](const Interference&) { return ::fsync(fd.get()); });
}

Result<> RootDir::replace(std::string_view path, std::string_view content,
                          Readers readers) const {
  const std::string fresh = std::string(path) + ".new";
  Result<Fd> fd;
  auto done = change("create", fresh, [&](const Interference&) {
    fd = open_below(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
                    readers == Readers::root ? kPrivate : kPublic);
    return 0;
  });
  if (done && !fd) {
    return forward_error(fd);
  }
  if (done) {
    done = write_whole(*fd, fresh, content);
  }
  return done ? rename(fresh, path) : done;
}

Result<> RootDir::rename(std::string_view from, std::string_view to) const {
  auto folder = open_parent(to);
  if (!folder) {
    return forward_error(folder);
  }
  auto renamed = change("rename", to, [&](const Interference&) {
    return ::renameat(folder->get(), file_name(from).c_str(), folder->get(),
                      file_name(to).c_str());
  });
  return renamed ? sync_parent(to) : renamed;
}

Result<> RootDir::remove(std::string_view path) const {
  auto folder = open_parent(path);
  if (!folder && folder.error().code == Errc::not_found) {
    return {};
  }
  if (!folder) {
    return forward_error(folder);
  }
  auto removed = change("unlink", path, [&](const Interference&) {
    const int result = ::unlinkat(folder->get(), file_name(path).c_str(), 0);
    return result < 0 && errno == ENOENT ? 0 : result;
  });
  return removed ? sync_parent(path) : removed;
}

Result<Fd> RootDir::open_lock_file(std::string_view path) const {
  return open_below(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
}

}  // namespace nvgpuctl
