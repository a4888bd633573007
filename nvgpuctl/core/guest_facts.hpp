// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "core/domain_request.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

// What the guest will see of some GPUs of a host, as far as the host tells:
// BAR sizes from the region plan, distances from SLIT or else from sysfs, CPU
// cells from the sockets of the GPUs and of `more_nodes`. Fills gpus, cpu_cells
// and distance_between_cpus of a request; the rest is the caller's.
//
// Error: not_viable for a GPU whose memory is not known, so that no aperture
// can be computed.
Result<DomainRequest> describe_guest(const HostSnapshot& host,
                                     const std::vector<const Gpu*>& gpus,
                                     std::vector<unsigned> more_nodes = {});

}  // namespace nvgpuctl
