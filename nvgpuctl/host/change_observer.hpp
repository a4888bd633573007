// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string_view>

namespace nvgpuctl {

// What stands in the way of one change.
struct Interference {
  int error = 0;      // an errno: the change fails
  bool half = false;  // a write takes half of what it is given
  bool hang = false;  // a write to the kernel never returns
};

// Stands beside a RootDir and sees every call that changes the host, before
// and after it: "write", "open", "create", "fsync", "rename", "unlink",
// "mkdir", "fork", and behind a fork "reap". Tests put a kernel, a failing
// disk, or sudden death there.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  virtual Interference before(std::string_view call, std::string_view path) = 0;
  virtual void after(std::string_view call, std::string_view path) = 0;
  // Does what the kernel does about a write to one of its files, and gives its
  // errno, or 0. Nothing: the file system is to take it. It may be asked in a
  // child process.
  virtual std::optional<int> stand_in(std::string_view /*path*/,
                                      std::string_view /*value*/) {
    return std::nullopt;
  }
};

}  // namespace nvgpuctl
