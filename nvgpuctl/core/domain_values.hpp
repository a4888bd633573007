// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/domain_request.hpp"
#include "core/guest_topology.hpp"

// Where each value of a generated domain comes from, in words for its comments
// and as data for JSON.

namespace nvgpuctl {

std::string describe(const GuestDistance& distance);  // "80 (slit)"
std::string describe_gpu(const GuestGpu& gpu);        // "0009:01:00.0 (GH200)"
std::string describe_distances(const GuestTopology& guest, std::size_t gpu);
std::string describe_window(const DomainRequest& request);
std::string describe_target(const DomainRequest& request);

std::vector<DomainValue> list_values(const DomainRequest& request,
                                     const GuestTopology& guest);

// What the operator must know or do besides defining the domain.
std::vector<std::string> list_warnings(const DomainRequest& request,
                                       const GuestTopology& guest);

}  // namespace nvgpuctl
