// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "ops/transaction.hpp"
#include "support/fault_points.hpp"

// What is injected into: changes of 1, 2 or 4 GPUs of a fake host, each done
// by a process of its own as a verb does it.

namespace nvgpuctl::inject {

struct Scenario {
  std::string name;
  std::size_t gpus;
  bool bind;             // else unbind
  bool works;            // what is bound passes its attestation
  bool loaded;           // the variant driver's module is
  bool quiesce = false;  // a service and memory of the GPU are stopped for it
};
std::vector<Scenario> scenarios();

enum class Where { host, guest, between };

// The host of a scenario before it, in the hands of the one or other driver.
class World {
 public:
  explicit World(const Scenario& scenario);

  std::vector<Change> changes(const std::vector<PciAddress>& which) const;
  // Where one GPU is: driver, override and record.
  Where where(const PciAddress& gpu) const;
  // Where all are.
  Where where() const;
  Where start() const { return bind_ ? Where::host : Where::guest; }
  Where goal() const { return bind_ ? Where::guest : Where::host; }
  // Whether services and memory are as they are to be where the GPUs are now.
  bool all_runs_as_it_should() const;

  std::vector<PciAddress> gpus;
  FakeRoot fake;
  FakeKernel kernel{fake};

 private:
  OriginRecord origin(const PciAddress& gpu) const;

  bool bind_;
  bool loaded_;
  bool quiesce_;
};

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

// lock, recover, change, prove; as bind and unbind do.
Ended change_in_process(World& world, const Scenario& scenario, Fault fault,
                        std::size_t point, const std::vector<PciAddress>& gpus);
// lock, recover.
Ended recover_in_process(World& world, Fault fault, std::size_t point);

// Processes that were left behind come to us. Asks each that has ended for its
// exit code; true when none is left.
bool collect_orphans(World& world);
void end_orphans(World& world);

}  // namespace nvgpuctl::inject
