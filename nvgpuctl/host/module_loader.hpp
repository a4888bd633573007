// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/quiet.hpp"
#include "host/root_dir.hpp"
#include "host/run_program.hpp"

namespace nvgpuctl {

// What a change of drivers has others do: modprobe and, where services are
// stopped for it, systemctl. Tests replace it.
class ModuleLoader {
 public:
  virtual ~ModuleLoader() = default;
  // The module's name and, behind spaces, parameters: "vfio disable_idle_d3=1".
  // The kernel ignores those that a module does not know.
  // Error `needs_operator`: it has not come back.
  virtual Result<> load(const std::string& module) = 0;
  // Starts or stops a unit and makes sure that it then is what it was to be.
  virtual Result<> control(const UnitOrder& order) = 0;
};

// The programs themselves, as child processes without a shell (docs/adr/0005).
class Modprobe : public ModuleLoader {
 public:
  explicit Modprobe(const RootDir& root,
                    ProgramOutput output = ProgramOutput::shown,
                    std::string program = "/sbin/modprobe")
      : root_(root), output_(output), program_(std::move(program)) {}
  Result<> load(const std::string& module) override;
  Result<> control(const UnitOrder& order) override;

 private:
  const RootDir& root_;
  ProgramOutput output_;  // of systemctl; modprobe's is in the error
  std::string program_;
};

}  // namespace nvgpuctl
