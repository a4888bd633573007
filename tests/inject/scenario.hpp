// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "inject/world.hpp"
#include "support/fault_points.hpp"

namespace nvgpuctl::inject {

std::vector<Scenario> scenarios();

// How the process of a change ended.
struct Ended {
  bool returned = false;  // in time
  bool killed = false;
  int code = -1;
  std::string text;       // of the error
  bool tells = false;     // of a service that did not start again
  std::size_t calls = 0;  // that change the host
  std::string call;       // the one at the point
  std::vector<std::string> all;
};

// lock, recover, change, prove; as bind, unbind and apply do.
Ended change_in_process(World& world, const Scenario& scenario, Fault fault,
                        std::size_t point, const std::vector<PciAddress>& gpus);
// lock, recover.
Ended recover_in_process(World& world, Fault fault, std::size_t point);

// Processes that were left behind come to us. Asks each that has ended for its
// exit code; true when none is left.
bool collect_orphans(World& world);
void end_orphans(World& world);

}  // namespace nvgpuctl::inject
