// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "host/change_observer.hpp"

namespace nvgpuctl {

class UnpackedReport;

// How long a write may stay in the kernel before it is left behind. Variant
// drivers wait 30 s for the GPU's memory (POLL_TIMEOUT_MS of the kernel's
// nvgrace-gpu/main.c, NVGPU_READY_TIMEOUT_MS of kmod/readiness.c); twice that
// is no slow memory any more. A CXL DVSEC may ask for 64 or 256 s, for which
// there is --write-timeout.
constexpr std::chrono::milliseconds kKernelPatience{60'000};

struct KernelPatience {
  std::chrono::milliseconds bound = kKernelPatience;
  // Whether to try, when the time is over, to end the process with SIGKILL:
  // some of what the kernel waits for can be interrupted so.
  bool kills = true;
};

// Who may read a file of ours.
enum class Readers { root, everybody };

// A write to a file of the kernel that is open and has not begun.
struct PreparedWrite {
  Fd fd;
  std::string path;
  std::string value;
  Interference way;
  ChangeObserver* observer = nullptr;

  // An errno, or 0. May run in another process than finish_write().
  int perform() const;
};

// The file system of a host: the live one below "/", or a capture below some
// directory. Nothing else in the program opens a file of the host, so one
// object decides what every path means. In a capture, symbolic links cannot
// lead out of it (openat2 with RESOLVE_IN_ROOT): captures are other people's
// files.
//
// Paths are given from the root, "/sys/…" or "sys/…"; errors name them as
// "/sys/…", without the capture's own directory.
class RootDir {
 public:
  // `directory` may also be the archive of a report, which is unpacked for as
  // long as the object lives.
  static Result<RootDir> open(const std::string& directory);
  static Result<RootDir> open(std::shared_ptr<const UnpackedReport> report);

  bool live() const { return live_; }
  // The directory itself, without a trailing slash: "" for "/".
  const std::string& prefix() const { return prefix_; }

  // A small text file such as a sysfs attribute, trailing newline removed.
  // Longer than 64 KiB (the largest page of Grace kernels) is malformed.
  Result<std::string> read_text(std::string_view path) const;

  // A whole file; longer than `limit` bytes is malformed.
  Result<std::string> read_file(std::string_view path, std::size_t limit) const;

  // Names in a directory, sorted. "." and ".." are left out.
  Result<std::vector<std::string>> list(std::string_view path) const;

  // Last component of where a symbolic link points: driver → "vfio-pci".
  Result<std::string> link_name(std::string_view path) const;
  // The link's text as it stands.
  Result<std::string> link_target(std::string_view path) const;
  // Where `path` really is, all links followed, from the root.
  Result<std::string> resolve(std::string_view path) const;

  bool exists(std::string_view path) const;

  // Writes an existing file in one write(2), as sysfs wants. Only on the live
  // root and in tests; ops/ decides whether it may.
  Result<> write(std::string_view path, std::string_view value) const;
  // The two halves of write(); PreparedWrite::perform() comes in between.
  Result<PreparedWrite> prepare_write(std::string_view path,
                                      std::string_view value) const;
  Result<> finish_write(const PreparedWrite& write, int error) const;

  // The program's own files (root_changes.cpp). What these have done is still
  // done after a power loss; whoever calls them holds the lock.

  // One directory whose parent exists. It may be there already.
  Result<> make_directory(std::string_view path) const;
  // The whole content of a file: afterwards it is the old one or the new one,
  // never a part. Writes "PATH.new" first.
  Result<> replace(std::string_view path, std::string_view content,
                   Readers readers = Readers::root) const;
  // The file may be gone already.
  Result<> remove(std::string_view path) const;
  // Within one directory.
  Result<> rename(std::string_view from, std::string_view to) const;
  // For flock(2); made when it is not there.
  Result<Fd> open_lock_file(std::string_view path) const;

  // Every change from now on passes by `observer`, which must outlive this.
  void watch(ChangeObserver* observer) { observer_ = observer; }
  ChangeObserver* observer() const { return observer_; }

  // For writes that another process does (host/kernel_call.hpp).
  void be_patient(const KernelPatience& patience) { patience_ = patience; }
  const KernelPatience& patience() const { return patience_; }

 private:
  RootDir(Fd fd, std::string prefix, bool live);
  static Result<RootDir> open_directory(const std::string& directory);
  Result<Fd> open_below(std::string_view path, int flags,
                        unsigned mode = 0) const;
  Result<Fd> open_parent(std::string_view path) const;
  // A system call that gives a negative number and errno when it fails.
  template <class Call>
  Result<> change(std::string_view call, std::string_view path,
                  Call&& perform) const;
  Result<> write_whole(const Fd& fd, std::string_view path,
                       std::string_view content) const;
  Result<> sync_parent(std::string_view path) const;

  Fd fd_;
  std::string prefix_;
  bool live_;
  std::shared_ptr<const UnpackedReport> unpacked_;  // nothing for a directory
  ChangeObserver* observer_ = nullptr;
  KernelPatience patience_;
};

}  // namespace nvgpuctl
