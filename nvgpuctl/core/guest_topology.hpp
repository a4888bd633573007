// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/domain_request.hpp"
#include "core/guest_cells.hpp"

// Where everything goes in the guest: NUMA cells, distances, PCI buses and the
// window for 64-bit BARs. Arithmetic only; domain_xml.cpp writes it down.

namespace nvgpuctl {

// Consecutive cells of one GPU: neither CPUs nor memory, the guest driver
// fills them (Generic Initiators).
struct CellRange {
  unsigned first = 0;
  unsigned count = 0;

  unsigned last() const { return first + count - 1; }
  friend bool operator==(const CellRange&, const CellRange&) = default;
};

// A root port below an expander bus, with the GPU in it.
struct RootPort {
  unsigned controller = 0;  // libvirt's controller index
  unsigned chassis = 0;
  unsigned slot = 0;    // on the expander bus
  std::size_t gpu = 0;  // index in DomainRequest::gpus
};

struct ExpanderBus {
  unsigned controller = 0;
  unsigned bus_number = 0;
  unsigned cpu_cell = 0;
  std::vector<RootPort> ports;
};

// A distance as the guest will see it. `note` says what was wrong with the
// host's value when that one is not used.
struct GuestDistance {
  unsigned value = 0;
  Source source = Source::assumed;
  std::string note;
};

struct GpuDistances {
  GuestDistance local_cpu;
  GuestDistance remote_cpu;
  GuestDistance within;
  GuestDistance peers;
};

struct GuestTopology {
  // Cells 0, 1, … are either kept from a domain (GuestRoom) or made by us.
  std::size_t kept_cells = 0;
  std::vector<GuestCpuCell> cpu_cells;
  std::vector<CellRange> gpu_cells;  // one per GPU, after all others
  std::vector<ExpanderBus> buses;
  GuestDistance between_cpus;
  std::vector<GpuDistances> gpu_distances;
  // distances[a][b]; symmetric, 10 on the diagonal.
  std::vector<std::vector<unsigned>> distances;
  std::uint64_t window_bytes = 0;  // see pci_window()

  // How many come before the GPUs' cells.
  std::size_t first_cells() const { return kept_cells + cpu_cells.size(); }
};

// Lays the guest out. Errors (usage or malformed, naming the GPU): a socket
// without a CPU cell, fewer vCPUs or MiB than cells, sizes that cannot be
// BARs, more cells than QEMU has nodes for, more buses than PCI has numbers.
Result<GuestTopology> plan_guest(const DomainRequest& request);

// The window for 64-bit BARs ("pcihole64" in libvirt, "highmem-mmio-size" in
// QEMU):
//
//   next power of two of  1 GiB + sum over GPUs of
//                         max(512 GiB, aperture rounded up to its largest BAR)
//
// The largest BAR sets the alignment of a GPU's bridge window, so each GPU
// occupies a multiple of it. The floor of 512 GiB covers a GPU that comes back
// with its physical BARs (128 + 128 GiB on Hopper) after another driver had
// it; 1 GiB is for all other devices of the guest. QEMU wants a power of two
// of at least 512 GiB. Worked: GH200 (128 + 2 GiB) 1, 2, 4 GPUs → 1, 2, 4 TiB;
// GB200 (256 + 256 GiB) → 1, 2, 4 TiB; GB300 (512 + 512 GiB) → 2, 4, 8 TiB:
// what NVIDIA's guide has for four GPUs. 0 when the sum passes 2^47, the most
// that fits, aligned to its own size, in 48 bits of guest address.
std::uint64_t pci_window(const std::vector<GuestGpu>& gpus);

// Those that a request puts in, and those that its guest has already.
std::vector<GuestGpu> gpus_in_window(const DomainRequest& request);

// The host's distance where libvirt and the guest can use it, else the
// substitute: below 11 libvirt refuses it between different cells, 254 and
// 255 mean "unreachable" to Linux.
GuestDistance choose_distance(const std::optional<Fact<unsigned>>& host,
                              unsigned substitute);

}  // namespace nvgpuctl
