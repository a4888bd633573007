// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/domain_model.hpp"

namespace nvgpuctl {

constexpr std::size_t kMaxCells = 128;  // QEMU's MAX_NODES (sysemu/numa.h)

constexpr unsigned kSelfDistance = 10;  // ACPI 6.5 §5.2.17
// What libvirt and QEMU take for cells that name no distance.
constexpr unsigned kUnnamedDistance = 20;

// [from][to], in SLIT's unit.
using DistanceMatrix = std::vector<std::vector<unsigned>>;

// What libvirt tells QEMU of the distances between a domain's cells: one for
// each pair in both directions; or nothing. A domain that says 10 and 20 only
// says nothing (virDomainNumaNodesDistancesAreBeingSet() in libvirt's
// numa_conf.c). Nothing also for cells that libvirt would refuse.
std::optional<DistanceMatrix> libvirt_distances(
    const std::vector<DomainCell>& cells);

// Whether a pair has two values. Then QEMU wants both of every pair, otherwise
// one does for both (validate_numa_distance() in its hw/core/numa.c).
bool is_asymmetric(const DistanceMatrix& distances);

}  // namespace nvgpuctl
