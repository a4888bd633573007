// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "ops/transaction.hpp"
#include "support/fake_kernel.hpp"
#include "support/fake_root.hpp"

// What is injected into: changes of 1, 2 or 4 GPUs of a fake host, each done
// by a process of its own as a verb does it.
//
// Where a policy is applied, the host is a recorded one, because the program
// looks at all of it, and everything behind the command line is what the verb
// calls. Elsewhere the host is a few files and the change is given.

namespace nvgpuctl::inject {

// What signs every change.
inline const Signature kSignature{"boot-1", "uid 0", "2026-01-31T09:30:00Z"};

struct Scenario {
  std::string name;
  std::size_t gpus;
  bool bind;             // else unbind
  bool works;            // what is bound passes its attestation
  bool loaded;           // the variant driver's module is
  bool quiesce = false;  // a service and memory of the GPU are stopped for it
  bool policy = false;   // by apply, else by bind and unbind
  bool some = false;     // the policy changes every second GPU only
  bool recorded = true;  // what is unbound has a record of its origin
};
enum class Where { host, guest, between };

// The host of a scenario before it, in the hands of the one or other driver.
class World {
 public:
  explicit World(const Scenario& scenario);

  std::vector<Change> changes(const std::vector<PciAddress>& which) const;
  // Where one GPU is: driver, override and record.
  Where where(const PciAddress& gpu) const;
  // Where those are that are changed; `between` where another one has moved.
  Where where() const;
  Where start() const { return bind_ ? Where::host : Where::guest; }
  Where goal() const { return bind_ ? Where::guest : Where::host; }
  // Whether this one is to be changed.
  bool is_changed(const PciAddress& gpu) const;
  // Whether services and memory are as they are to be where the GPUs are now.
  bool all_runs_as_it_should() const;

  std::vector<PciAddress> gpus;
  FakeRoot fake;
  FakeKernel kernel{fake};

 private:
  OriginRecord origin(const PciAddress& gpu) const;
  std::optional<OriginRecord> record_of(const PciAddress& gpu) const;
  void put_gpu(std::size_t index);
  void put_memory(std::size_t index);
  std::string policy() const;

  bool bind_;
  bool loaded_;
  bool quiesce_;
  bool policy_;
  bool some_;
  bool recorded_;
};

// The service of a scenario runs, and its process has every GPU of nvidia's
// open; or it does not.
void set_service(FakeRoot& fake, bool runs);

}  // namespace nvgpuctl::inject
