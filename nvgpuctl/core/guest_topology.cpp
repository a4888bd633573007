// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/guest_cells.hpp"

namespace nvgpuctl {
namespace {

// What GB200 and GB300 hosts report; used where a host reports nothing usable.
constexpr unsigned kWithinGpu = 11;
constexpr unsigned kBetweenSockets = 40;  // CPU to CPU and GPU to GPU
constexpr unsigned kLocalGpu = 80;
constexpr unsigned kRemoteGpu = 120;
constexpr unsigned kLargestDistance = 253;

constexpr std::uint64_t kWindowFloor = 512 * kGiB;
constexpr std::uint64_t kWindowMargin = 1 * kGiB;
constexpr std::uint64_t kLargestWindow = 1ULL << 47;

constexpr unsigned kLargestBus = 255;

Result<> check_gpu(const GuestGpu& gpu, std::size_t cpu_cells) {
  const std::string subject = to_string(gpu.address);
  if (gpu.socket >= cpu_cells) {
    return fail(Errc::usage, subject,
                fmt::format("is local to CPU cell {}, but the guest has {}",
                            gpu.socket, cpu_cells));
  }
  if (gpu.gi_nodes == 0 || gpu.gi_nodes > kMaxCells) {
    return fail(Errc::usage, subject,
                fmt::format("{} NUMA nodes for one GPU", gpu.gi_nodes),
                "NVIDIA's guest driver needs 8");
  }
  const std::uint64_t largest = gpu.largest_bar.value;
  if (!std::has_single_bit(largest) || largest > kLargestWindow) {
    return fail(Errc::malformed, subject,
                fmt::format("its largest BAR is {} bytes, which no BAR can be",
                            largest),
                "bind the GPU to its VFIO driver to read its real regions");
  }
  if (gpu.aperture_bytes.value < largest ||
      gpu.aperture_bytes.value > kLargestWindow) {
    return fail(
        Errc::malformed, subject,
        fmt::format("its BARs add up to {}, with {} for the largest alone",
                    human_size(gpu.aperture_bytes.value), human_size(largest)));
  }
  return {};
}

const std::vector<GuestRoom::Cell>& kept_cells(const DomainRequest& request) {
  return request.room.cells;
}

bool is_bound_beside(const DomainRequest& request, const GuestGpu& gpu,
                     std::size_t cell) {
  const auto& nodes = kept_cells(request)[cell].host_nodes;
  return std::ranges::find(nodes, request.cpu_cells[gpu.socket].host_node) !=
         nodes.end();
}

bool is_bound_there_alone(const DomainRequest& request, const GuestGpu& gpu,
                          std::size_t cell) {
  return kept_cells(request)[cell].host_nodes.size() == 1 &&
         is_bound_beside(request, gpu, cell);
}

// The CPU cell that a GPU is put beside. Of cells that somebody else has made,
// the one with the memory of the GPU's socket and best of no other, or else the
// first with CPUs.
unsigned local_cell(const DomainRequest& request, const GuestGpu& gpu) {
  const auto& cells = kept_cells(request);
  if (cells.empty()) {
    return gpu.socket;
  }
  std::optional<unsigned> first;
  std::optional<unsigned> beside;
  for (unsigned id = 0; id < cells.size(); ++id) {
    if (!cells[id].has_cpus) {
      continue;
    }
    if (is_bound_there_alone(request, gpu, id)) {
      return id;
    }
    if (!beside && is_bound_beside(request, gpu, id)) {
      beside = id;
    }
    first = first.value_or(id);
  }
  return beside.value_or(first.value_or(0));
}

// The first cell with CPUs is no nearer for having the GPU's bus where its
// memory is known to be elsewhere.
bool is_local(const DomainRequest& request, const GuestGpu& gpu,
              std::size_t cell) {
  const auto& cells = kept_cells(request);
  return cells.empty() || cells[cell].host_nodes.empty()
             ? cell == local_cell(request, gpu)
             : is_bound_beside(request, gpu, cell);
}

// GPUs behind one physical SMMU must share a guest SMMU, hence a bus.
bool share_bus(const GuestGpu& a, const GuestGpu& b) {
  return a.smmu && a.smmu == b.smmu && a.socket == b.socket;
}

std::vector<ExpanderBus> share_out(const DomainRequest& request) {
  std::vector<ExpanderBus> buses;
  for (std::size_t i = 0; i < request.gpus.size(); ++i) {
    const GuestGpu& gpu = request.gpus[i];
    const auto same =
        std::find_if(buses.begin(), buses.end(), [&](const ExpanderBus& bus) {
          return request.viommu != Viommu::none &&
                 share_bus(request.gpus[bus.ports.front().gpu], gpu);
        });
    if (same != buses.end()) {
      same->ports.push_back({.gpu = i});
    } else {
      buses.push_back(
          {.cpu_cell = local_cell(request, gpu), .ports = {{.gpu = i}}});
    }
  }
  return buses;
}

// The lowest number from 1 that is in neither set; 0 is pcie-root.
unsigned lowest_free(const std::set<unsigned>& used,
                     const std::set<unsigned>& more = {}) {
  unsigned number = 1;
  while (used.contains(number) || more.contains(number)) {
    ++number;
  }
  return number;
}

// PCI bus numbers are 8 bits; expander buses take theirs from the top, so
// that the guest's other bridges can count up from 1. 255 stays free.
Result<std::vector<ExpanderBus>> place_gpus(const DomainRequest& request) {
  auto buses = share_out(request);
  auto controllers = request.room.controllers;
  auto chassis = request.room.chassis;
  const auto take_controller = [&] {
    const unsigned index = lowest_free(controllers);
    controllers.insert(index);
    return index;
  };
  unsigned bus_above = request.room.bus_above;
  for (ExpanderBus& bus : buses) {
    bus.controller = take_controller();
    // The bus itself and one below each port, up to the bus above it.
    const auto count = 1 + static_cast<unsigned>(bus.ports.size());
    bus_above = bus_above < count ? 0 : bus_above - count;
    bus.bus_number = bus_above;
    unsigned slot = 0;
    for (RootPort& port : bus.ports) {
      port.controller = take_controller();
      // libvirt's own rule, where it is possible.
      port.chassis = chassis.contains(port.controller)
                         ? lowest_free(chassis, controllers)
                         : port.controller;
      chassis.insert(port.chassis);
      port.slot = slot++;
    }
  }
  // Every other controller may be a bridge, with a bus of its own.
  if (bus_above <= request.room.controllers.size() ||
      *controllers.rbegin() > kLargestBus) {
    return fail(
        Errc::usage, request.name,
        fmt::format("{} GPUs need more PCI buses than the {} controllers "
                    "of the guest leave free",
                    request.gpus.size(), request.room.controllers.size()),
        "split the GPUs over several guests");
  }
  return buses;
}

GpuDistances choose_distances(const GuestGpu& gpu) {
  return {.local_cpu = choose_distance(gpu.distance_to_local_cpu, kLocalGpu),
          .remote_cpu = choose_distance(gpu.distance_to_remote_cpu, kRemoteGpu),
          .within = choose_distance(gpu.distance_within, kWithinGpu),
          .peers = choose_distance(gpu.distance_to_peers, kBetweenSockets)};
}

// Which GPU a cell belongs to; cells before the first GPU's are CPU cells.
struct CellOwner {
  bool cpu = true;
  std::size_t index = 0;
};

unsigned distance(const DomainRequest& request, const GuestTopology& guest,
                  const CellOwner& a, const CellOwner& b) {
  if (a.cpu && b.cpu) {
    return guest.kept_cells > 0 ? kUnnamedDistance : guest.between_cpus.value;
  }
  if (a.cpu != b.cpu) {
    const std::size_t gpu = a.cpu ? b.index : a.index;
    const std::size_t cpu = a.cpu ? a.index : b.index;
    const GpuDistances& of = guest.gpu_distances[gpu];
    return is_local(request, request.gpus[gpu], cpu) ? of.local_cpu.value
                                                     : of.remote_cpu.value;
  }
  if (a.index == b.index) {
    return guest.gpu_distances[a.index].within.value;
  }
  // Two GPUs may name different distances for the way between them; the guest
  // needs one.
  return std::max(guest.gpu_distances[a.index].peers.value,
                  guest.gpu_distances[b.index].peers.value);
}

void fill_distances(const DomainRequest& request, GuestTopology& guest) {
  std::vector<CellOwner> owners;
  for (std::size_t i = 0; i < guest.first_cells(); ++i) {
    owners.push_back({.cpu = true, .index = i});
  }
  for (std::size_t i = 0; i < guest.gpu_cells.size(); ++i) {
    owners.insert(owners.end(), guest.gpu_cells[i].count,
                  {.cpu = false, .index = i});
  }
  guest.distances.resize(owners.size());
  for (std::size_t a = 0; a < owners.size(); ++a) {
    for (std::size_t b = 0; b < owners.size(); ++b) {
      guest.distances[a].push_back(
          a == b ? kSelfDistance
                 : distance(request, guest, owners[a], owners[b]));
    }
  }
}

}  // namespace

GuestDistance choose_distance(const std::optional<Fact<unsigned>>& host,
                              unsigned substitute) {
  if (!host) {
    return {.value = substitute,
            .source = Source::assumed,
            .note = "the host names no distance"};
  }
  const std::string says =
      fmt::format("{} says {}", to_string(host->source), host->value);
  if (host->value == kSelfDistance) {
    return {.value = kSelfDistance + 1,
            .source = host->source,
            .note = says + ", which libvirt takes only from a cell to itself"};
  }
  if (host->value < kSelfDistance) {
    return {.value = substitute,
            .source = Source::assumed,
            .note = says + ", which is no distance"};
  }
  if (host->value > kLargestDistance) {
    return {.value = substitute,
            .source = Source::assumed,
            .note = says + ", which means unreachable"};
  }
  return {.value = host->value, .source = host->source, .note = {}};
}

std::uint64_t pci_window(const std::vector<GuestGpu>& gpus) {
  std::uint64_t sum = kWindowMargin;
  for (const GuestGpu& gpu : gpus) {
    const std::uint64_t align =
        std::max<std::uint64_t>(gpu.largest_bar.value, 1);
    if (gpu.aperture_bytes.value > kLargestWindow || align > kLargestWindow) {
      return 0;
    }
    const std::uint64_t rounded =
        (gpu.aperture_bytes.value + align - 1) / align * align;
    sum += std::max(rounded, kWindowFloor);
    if (sum > kLargestWindow) {
      return 0;
    }
  }
  return std::bit_ceil(std::max(sum, kWindowFloor));
}

std::vector<GuestGpu> gpus_in_window(const DomainRequest& request) {
  std::vector<GuestGpu> gpus = request.gpus;
  gpus.insert(gpus.end(), request.more_gpus.begin(), request.more_gpus.end());
  return gpus;
}

Result<GuestTopology> plan_guest(const DomainRequest& request) {
  auto cpu_cells = split_cpus(request);
  if (!cpu_cells) {
    return forward_error(cpu_cells);
  }
  GuestTopology guest;
  guest.kept_cells = request.room.cells.size();
  guest.cpu_cells = std::move(*cpu_cells);
  std::size_t next_cell = guest.first_cells();
  for (const GuestGpu& gpu : request.gpus) {
    if (auto ok = check_gpu(gpu, request.cpu_cells.size()); !ok) {
      return forward_error(ok);
    }
    guest.gpu_cells.push_back(
        {.first = static_cast<unsigned>(next_cell), .count = gpu.gi_nodes});
    guest.gpu_distances.push_back(choose_distances(gpu));
    next_cell += gpu.gi_nodes;
    if (next_cell > kMaxCells) {
      return fail(
          Errc::usage, request.name,
          fmt::format("{} GPUs need more than {} NUMA cells, QEMU's limit",
                      request.gpus.size(), kMaxCells),
          "split the GPUs over several guests");
    }
  }
  guest.window_bytes = pci_window(gpus_in_window(request));
  if (guest.window_bytes == 0) {
    return fail(Errc::usage, request.name,
                "the BARs of all GPUs do not fit in 48 bits of guest address",
                "split the GPUs over several guests");
  }
  auto buses = place_gpus(request);
  if (!buses) {
    return forward_error(buses);
  }
  guest.buses = std::move(*buses);
  guest.between_cpus =
      choose_distance(request.distance_between_cpus, kBetweenSockets);
  fill_distances(request, guest);
  return guest;
}

}  // namespace nvgpuctl
