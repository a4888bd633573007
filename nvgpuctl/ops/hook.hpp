// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/vfio_open.hpp"
#include "ops/attest.hpp"
#include "ops/bind.hpp"

namespace nvgpuctl {

struct HookTools {
  const RootDir& root;
  ModuleLoader& modules;
  VfioOpener& vfio;
  AttestOptions attest = {};
  std::chrono::milliseconds lock_wait{60'000};
  // How long a process that has the GPU open may take to end.
  std::chrono::milliseconds held_wait{5'000};
  // Into the host's log: what nobody is to fail for.
  std::function<void(std::string_view)> warn = {};
};

// Before a domain starts: every Grace GPU among the sources of its hostdevs is
// claimed for it, bound, and proven to work; or nothing is changed and the
// error, with a reason's id, says why it must not start. Sources that are no
// Grace GPUs are nobody's business here.
Result<> prepare_domain(const HookTools& tools, const std::string& domain,
                        const std::vector<PciAddress>& sources);

// After a domain has ended, or has failed to start: its GPUs are nobody's
// again, and go back to their origin where the policy wants that. Nothing to do
// when it had none, or when this was done before.
Result<> release_domain(const HookTools& tools, const std::string& domain);

}  // namespace nvgpuctl
