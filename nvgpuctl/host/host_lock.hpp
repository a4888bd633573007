// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

constexpr std::string_view kLockPath = "/run/nvgpuctl/lock";

// Held by whoever changes drivers or records of a host; the kernel takes it
// from a process that dies.
class HostLock {
 public:
  // Error `locked` after `wait`, naming the process that has it.
  static Result<HostLock> take(const RootDir& root,
                               std::chrono::milliseconds wait);

 private:
  explicit HostLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace nvgpuctl
