// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace nvgpuctl {

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
  static Result<RootDir> open(const std::string& directory);

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

 private:
  RootDir(Fd fd, std::string prefix, bool live);
  Result<Fd> open_below(std::string_view path, int flags) const;

  Fd fd_;
  std::string prefix_;
  bool live_;
};

}  // namespace nvgpuctl
