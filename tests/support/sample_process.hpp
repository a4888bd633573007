// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/census.hpp"

namespace nvgpuctl {

inline ProcessFacts process(unsigned pid, std::string command,
                            std::vector<std::string> open) {
  ProcessFacts facts;
  facts.pid = pid;
  facts.command = std::move(command);
  facts.open = std::move(open);
  return facts;
}

// A service of the system that has nvidia's first GPU open.
inline ProcessFacts service(unsigned pid, std::string command,
                            std::string unit) {
  auto facts = process(pid, std::move(command), {"/dev/nvidia0"});
  facts.owner.unit = std::move(unit);
  facts.owner.system_unit = true;
  return facts;
}

inline Census census_of(std::vector<ProcessFacts> processes) {
  Census census;
  census.processes = std::move(processes);
  return census;
}

}  // namespace nvgpuctl
