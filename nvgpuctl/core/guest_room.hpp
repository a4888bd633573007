// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/cell_distances.hpp"

namespace nvgpuctl {

// What a domain has already, so that nothing added to it collides. The default
// is that of a domain which is ours from its first line on.
struct GuestRoom {
  struct Cell {
    bool has_cpus = true;
    std::vector<unsigned> host_nodes;  // that it is bound to; may be empty
  };
  // NUMA cells that stay as they are, by id: 0, 1, … Without any, CPU cells
  // are made for all vCPUs and memory.
  std::vector<Cell> cells;
  // What libvirt tells QEMU of the ways between them, if it does.
  std::optional<DistanceMatrix> distances;
  bool bind_memory = false;  // whether made CPU cells get a <numatune>
  // Made CPU cells have whole huge pages of this size; 0: no huge pages.
  std::uint64_t page_bytes = 0;
  // And whole groups of vCPUs where that can be, the smallest first: the sizes
  // of the guest's cores, clusters and sockets.
  std::vector<std::uint64_t> vcpu_groups;
  std::set<unsigned> controllers;  // indices of PCI controllers, 0 included
  std::set<unsigned> chassis;
  unsigned bus_above = 255;  // the lowest bus number that is taken above
  unsigned iommus = 0;       // how many come before ours
};

}  // namespace nvgpuctl
