// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// Loads kernel modules. Tests replace it.
class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  // Error `needs_operator`: it has not come back.
  virtual Result<> load(const std::string& module) = 0;
};

// modprobe(8) as a child process, without a shell (docs/adr/0005).
class Modprobe : public ModuleLoader {
 public:
  explicit Modprobe(const RootDir& root, std::string program = "/sbin/modprobe")
      : root_(root), program_(std::move(program)) {}
  Result<> load(const std::string& module) override;

 private:
  const RootDir& root_;
  std::string program_;
};

}  // namespace nvgpuctl
