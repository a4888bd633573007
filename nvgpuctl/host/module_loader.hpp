// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"

namespace nvgpuctl {

// Loads kernel modules. Tests replace it.
class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  // The module's name and, behind spaces, parameters: "vfio disable_idle_d3=1".
  // The kernel ignores those that a module does not know.
  virtual Result<> load(const std::string& module) = 0;
};

// What becomes of modprobe's own messages.
enum class ModprobeOutput { shown, dropped };

// modprobe(8) as a child process, without a shell (docs/adr/0005).
class Modprobe : public ModuleLoader {
 public:
  explicit Modprobe(ModprobeOutput output = ModprobeOutput::shown)
      : output_(output) {}
  Result<> load(const std::string& module) override;

 private:
  ModprobeOutput output_;
};

}  // namespace nvgpuctl
