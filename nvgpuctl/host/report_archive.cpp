// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/report_archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "host/child_files.hpp"
#include "host/gzip.hpp"
#include "host/input_text.hpp"
#include "host/read_write.hpp"
#include "host/root_dir_calls.hpp"

namespace nvgpuctl {
namespace {

// Directories, then files, then links: so nothing is ever written through a
// link, even if read_tar() had let one pass. An errno, or 0.
int write_entry(const std::string& path, const TarEntry& entry) {
  if (entry.kind == TarEntry::Kind::link) {
    return ::symlink(entry.content.c_str(), path.c_str()) == 0 ? 0 : errno;
  }
  constexpr mode_t kOwnerOnly = 0600;
  const Fd file(::open(path.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       kOwnerOnly));
  return file.valid() ? write_all(file.get(), entry.content) : errno;
}

Result<> write_tree(const std::string& directory,
                    const std::vector<TarEntry>& entries) {
  std::error_code error;
  const std::filesystem::path top(directory);
  for (const auto& entry : entries) {
    const auto path = top / entry.path;
    std::filesystem::create_directories(
        entry.kind == TarEntry::Kind::directory ? path : path.parent_path(),
        error);
    if (error) {
      return system_failure(path.string(), error.value());
    }
  }
  for (const auto kind : {TarEntry::Kind::file, TarEntry::Kind::link}) {
    for (const auto& entry : entries) {
      const auto path = (top / entry.path).string();
      const int failed = entry.kind == kind ? write_entry(path, entry) : 0;
      if (failed != 0) {
        return system_failure(path, failed);
      }
    }
  }
  return {};
}

// In a child, which ^C does not reach.
[[noreturn]] void remove_in_the_end(const std::string& directory,
                                    int in) noexcept {
  ::setsid();
  let_go_of_files(in);
  char byte = 0;
  while (::read(in, &byte, 1) < 0 && errno == EINTR) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  ::_exit(0);
}

}  // namespace

Result<std::shared_ptr<const UnpackedReport>> UnpackedReport::open(
    const std::string& archive) {
  const auto packed = read_input(archive, kMaxPackedReport);
  if (!packed) {
    return forward_error(packed);
  }
  const auto bytes = gunzip(archive, *packed, kMaxReport);
  if (!bytes) {
    return forward_error(bytes);
  }
  const auto entries = read_tar(*bytes, archive);
  if (!entries) {
    return forward_error(entries);
  }
  return write(*entries);
}

Result<std::shared_ptr<const UnpackedReport>> UnpackedReport::write(
    const std::vector<TarEntry>& entries) {
  std::error_code error;
  const auto place = std::filesystem::temp_directory_path(error);
  if (error) {  // the path is empty then
    return fail(classify(error.value()), "TMPDIR",
                "the directory for temporary files that it names cannot be "
                "used: " +
                    error.message());
  }
  std::string directory = (place / "nvgpuctl-report-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    return system_failure(directory, errno);
  }
  auto report = std::make_shared<const UnpackedReport>(std::move(directory));
  auto written = write_tree(report->directory(), entries);
  if (!written) {
    return forward_error(written);
  }
  return report;
}

UnpackedReport::UnpackedReport(std::string directory)
    : directory_(std::move(directory)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return;  // then it goes with the object alone
  }
  const Fd in(ends[0]);
  alive_ = Fd(ends[1]);
  remover_ = ::fork();
  if (remover_ == 0) {
    remove_in_the_end(directory_, in.get());
  }
}

UnpackedReport::~UnpackedReport() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
  if (remover_ > 0 && ::waitpid(remover_, nullptr, WNOHANG) == 0) {
    ::kill(remover_, SIGKILL);
    ::waitpid(remover_, nullptr, 0);
  }
}

Result<std::string> pack_report(const std::vector<TarEntry>& entries) {
  const auto bytes = write_tar(entries);
  if (bytes.size() > kMaxReport) {
    return fail(Errc::unsupported, "report",
                "is larger than " + human_size(kMaxReport));
  }
  return gzip(bytes);
}

}  // namespace nvgpuctl
