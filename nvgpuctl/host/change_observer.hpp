// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace nvgpuctl {

// What stands in the way of one change.
struct Interference {
  int error = 0;      // an errno: the change fails
  bool half = false;  // a write takes half of what it is given
};

// Stands beside a RootDir and sees every call that changes the host, before
// and after it: "write", "open", "create", "fsync", "rename", "unlink",
// "mkdir". Tests put a kernel, a failing disk, or sudden death there.
class ChangeObserver {
 public:
  virtual ~ChangeObserver() = default;
  virtual Interference before(std::string_view call, std::string_view path) = 0;
  virtual void after(std::string_view call, std::string_view path) = 0;
};

}  // namespace nvgpuctl
