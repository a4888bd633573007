// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/root_dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>

#include "host/report_archive.hpp"
#include "host/root_dir_calls.hpp"

namespace nvgpuctl {
namespace {

// sysfs hands out at most one page, and Grace kernels may use 64 KiB pages.
constexpr std::size_t kMaxAttributeSize = 64 * 1024UL;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

Fd open_in_root(int root, const char* path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // A path with ".." gives EAGAIN when anything on the system is renamed or
  // mounted meanwhile (openat2(2)); it is rare to happen even twice.
  constexpr int kAttempts = 1000;
  long fd = -1;
  for (int i = 0; i < kAttempts; ++i) {
    fd = ::syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd >= 0 || errno != EAGAIN) {
      break;
    }
  }
  return Fd(static_cast<int>(fd));
}

// Nothing unless it is a regular file: in a capture a FIFO or a device may
// stand for an attribute.
std::optional<std::size_t> regular_size(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(status.st_size);
}

// FIFOs and devices are no archives.
bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

RootDir::RootDir(Fd fd, std::string prefix, bool live)
    : fd_(std::move(fd)), prefix_(std::move(prefix)), live_(live) {}

Result<RootDir> RootDir::open(const std::string& directory) {
  auto root = open_directory(directory);
  if (root || !is_file(directory)) {
    return root;
  }
  auto report = UnpackedReport::open(directory);
  if (!report) {
    return forward_error(report);
  }
  return open(std::move(*report));
}

Result<RootDir> RootDir::open_directory(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return call_failure(directory, errno,
                        "--root wants the directory of a recorded host, or "
                        "the archive of a report");
  }
  const std::unique_ptr<char, decltype(&::free)> real(
      ::realpath(directory.c_str(), nullptr), &::free);
  if (!real) {
    return call_failure(directory, errno);
  }
  std::string prefix = real.get();
  const bool live = prefix == "/";
  return RootDir(std::move(fd), live ? "" : std::move(prefix), live);
}

Result<RootDir> RootDir::open(std::shared_ptr<const UnpackedReport> report) {
  auto root = open_directory(report->directory());
  if (root) {
    root->unpacked_ = std::move(report);
  }
  return root;
}

Result<Fd> RootDir::open_below(std::string_view path, int flags,
                               unsigned mode) const {
  const std::string name = relative(path);
  Fd fd = live_
              ? Fd(::open(absolute(path).c_str(), flags | O_CLOEXEC, mode))
              : open_in_root(fd_.get(), name.c_str(), flags | O_CLOEXEC, mode);
  if (!fd.valid()) {
    return system_failure(path, errno);
  }
  return fd;
}

Result<std::string> RootDir::read_file(std::string_view path,
                                       std::size_t limit) const {
  // A FIFO in a capture would block the open for ever.
  auto fd = open_below(path, O_RDONLY | O_NONBLOCK);
  if (!fd) {
    return forward_error(fd);
  }
  const auto size =
      live_ ? std::optional<std::size_t>(0) : regular_size(fd->get());
  if (!size) {
    return fail(Errc::malformed, absolute(path), "not a regular file");
  }
  // A recorded file is read at once. Sizes in /proc and /sys are 0 or a page,
  // so there the text grows until the end shows itself.
  constexpr std::size_t kPiece = 4096;
  std::string text(std::min(limit + 1, *size > 0 ? *size : kPiece), '\0');
  std::size_t filled = 0;
  for (;;) {
    const ssize_t count =
        ::read(fd->get(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_failure(path, errno);
    }
    filled += static_cast<std::size_t>(count);
    if (filled > limit) {
      return fail(Errc::malformed, absolute(path),
                  "longer than " + std::to_string(limit) + " bytes");
    }
    if (count == 0 || filled == *size) {
      text.resize(filled);
      return text;
    }
    if (filled == text.size()) {
      text.resize(std::min(limit + 1, std::max(kPiece, filled * 4)));
    }
  }
}

Result<std::string> RootDir::read_text(std::string_view path) const {
  auto text = read_file(path, kMaxAttributeSize);
  if (text && text->ends_with('\n')) {
    text->pop_back();
  }
  return text;
}

Result<std::vector<std::string>> RootDir::list(std::string_view path) const {
  auto fd = open_below(path, O_RDONLY | O_DIRECTORY);
  if (!fd) {
    return forward_error(fd);
  }
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(fd->get()));
  if (!directory) {
    return system_failure(path, errno);
  }
  (void)fd->release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;  // which alone tells a failure from the end
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  if (errno != 0) {
    return system_failure(path, errno);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> RootDir::link_target(std::string_view path) const {
  auto fd = open_below(path, O_PATH | O_NOFOLLOW);
  if (!fd) {
    return forward_error(fd);
  }
  std::array<char, PATH_MAX> target{};
  const ssize_t length =
      ::readlinkat(fd->get(), "", target.data(), target.size());
  // With an empty name Linux says ENOENT of what is no link.
  if (length < 0 && (errno == ENOENT || errno == EINVAL)) {
    return fail(Errc::malformed, absolute(path), "not a symbolic link");
  }
  if (length < 0) {
    return system_failure(path, errno);
  }
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<std::string> RootDir::link_name(std::string_view path) const {
  auto target = link_target(path);
  if (target) {
    target->erase(0, target->rfind('/') + 1);
  }
  return target;
}

Result<std::string> RootDir::resolve(std::string_view path) const {
  auto fd = open_below(path, O_PATH);
  if (!fd) {
    return forward_error(fd);
  }
  std::array<char, PATH_MAX> target{};
  const std::string self = "/proc/self/fd/" + std::to_string(fd->get());
  const ssize_t length = ::readlink(self.c_str(), target.data(), target.size());
  if (length < 0) {
    return system_failure(path, errno);
  }
  const std::string_view real(target.data(), static_cast<std::size_t>(length));
  if (!real.starts_with(prefix_)) {
    return fail(Errc::malformed, absolute(path), "leads out of the root");
  }
  return absolute(real.substr(prefix_.size()));
}

bool RootDir::exists(std::string_view path) const {
  return open_below(path, O_PATH).has_value();
}

}  // namespace nvgpuctl
