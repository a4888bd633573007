// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/quiet.hpp"
#include "host/run_program.hpp"

namespace nvgpuctl {

// What a change of drivers has others do: modprobe and, where services are
// stopped for it, systemctl. Tests replace it.
class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  // The module's name and, behind spaces, parameters: "vfio disable_idle_d3=1".
  // The kernel ignores those that a module does not know.
  virtual Result<> load(const std::string& module) = 0;
  // Starts or stops a unit and makes sure that it then is what it was to be.
  virtual Result<> control(const UnitOrder& order) = 0;
};

// The programs themselves, as child processes without a shell (docs/adr/0005).
class Modprobe : public ModuleLoader {
 public:
  explicit Modprobe(ProgramOutput output = ProgramOutput::shown)
      : output_(output) {}
  Result<> load(const std::string& module) override;
  Result<> control(const UnitOrder& order) override;

 private:
  ProgramOutput output_;
};

}  // namespace nvgpuctl
