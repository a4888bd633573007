// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/domain_request.hpp"
#include "core/gpu.hpp"

namespace nvgpuctl {

// What the guest will see of some GPUs of a host, as far as the host tells:
// BAR sizes from the region plan, distances from SLIT or else from sysfs, CPU
// cells from the sockets of the GPUs and of `more_nodes`. Fills gpus,
// cpu_cells, distance_between_cpus and what the host's memory is of a request;
// the rest is the caller's.
//
// Error: not_viable for a GPU whose memory is not known, so that no aperture
// can be computed.
Result<DomainRequest> describe_guest(const HostSnapshot& host,
                                     const std::vector<const Gpu*>& gpus,
                                     std::vector<unsigned> more_nodes = {});

// Bytes of the nodes that a guest's own memory can come from: all but those
// that generic initiators (GPUs) have. 0: not known.
std::uint64_t memory_for_guests(const HostSnapshot& host);

// The size of the host's huge pages where nobody says one; nothing: not known.
std::optional<std::uint64_t> usual_huge_page(const HostSnapshot& host);

}  // namespace nvgpuctl
