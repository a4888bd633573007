// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/guest_cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/cell_distances.hpp"

namespace nvgpuctl {
namespace {

// The largest group of vCPUs of which each cell can have as many as the others,
// or else the smallest: two cells must not share a core.
std::uint64_t vcpu_unit(const DomainRequest& request, std::uint64_t cells) {
  const auto& groups = request.room.vcpu_groups;
  const auto whole = [&](std::uint64_t group) {
    return request.vcpus % group == 0 && request.vcpus / group >= cells;
  };
  const auto even =
      std::find_if(groups.rbegin(), groups.rend(), [&](std::uint64_t group) {
        return whole(group) && request.vcpus / group % cells == 0;
      });
  if (even != groups.rend()) {
    return *even;
  }
  return !groups.empty() && whole(groups.front()) ? groups.front() : 1;
}

// QEMU refuses a cell that is no whole number of its huge pages.
std::uint64_t memory_unit(const DomainRequest& request, std::uint64_t cells) {
  const std::uint64_t page = request.room.page_bytes;
  return page > kMiB && request.memory_bytes / page >= cells ? page : kMiB;
}

// What does not divide evenly goes to the first shares.
std::uint64_t share(std::uint64_t units, std::uint64_t shares,
                    std::uint64_t index) {
  return units / shares + (index < units % shares ? 1 : 0);
}

Result<> check_sizes(const DomainRequest& request) {
  const std::size_t cells = request.cpu_cells.size();
  if (cells == 0) {
    return fail(Errc::usage, request.name, "the guest has no CPU cell",
                "name at least one host node for CPUs and memory");
  }
  if (cells > kMaxCells) {
    return fail(Errc::usage, request.name,
                fmt::format("{} CPU cells, and QEMU has at most {} NUMA nodes",
                            cells, kMaxCells));
  }
  if (request.vcpus < cells || request.memory_bytes / kMiB < cells) {
    return fail(
        Errc::usage, request.name,
        fmt::format("{} vCPUs and {} cannot be split over {} CPU cells",
                    request.vcpus, human_size(request.memory_bytes), cells),
        "give each cell at least one vCPU and 1 MiB");
  }
  if (const std::uint64_t page = request.room.page_bytes;
      page > kMiB && request.memory_bytes % page == 0 &&
      request.memory_bytes / page < cells) {
    return fail(
        Errc::usage, request.name,
        fmt::format("{} in huge pages of {} cannot be split over {} "
                    "CPU cells",
                    human_size(request.memory_bytes), human_size(page), cells),
        "give each cell at least one page, or take smaller ones");
  }
  return {};
}

}  // namespace

Result<std::vector<GuestCpuCell>> split_cpus(const DomainRequest& request) {
  if (!request.room.cells.empty()) {
    return std::vector<GuestCpuCell>();
  }
  if (auto ok = check_sizes(request); !ok) {
    return forward_error(ok);
  }
  const std::size_t cells = request.cpu_cells.size();
  const std::uint64_t group = vcpu_unit(request, cells);
  const std::uint64_t page = memory_unit(request, cells);
  std::vector<GuestCpuCell> out;
  unsigned next_vcpu = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    const auto vcpus =
        static_cast<unsigned>(share(request.vcpus / group, cells, i) * group);
    out.push_back({.host_node = request.cpu_cells[i].host_node,
                   .first_vcpu = next_vcpu,
                   .vcpus = vcpus,
                   .memory_kib = share(request.memory_bytes / page, cells, i) *
                                 (page / kKiB)});
    next_vcpu += vcpus;
  }
  out.front().memory_kib += request.memory_bytes % page / kKiB;
  for (std::size_t i = 0; i < cells; ++i) {
    const std::uint64_t bytes = request.cpu_cells[i].host_bytes;
    out[i].fits = bytes == 0 || out[i].memory_kib <= bytes / kKiB;
  }
  return out;
}

}  // namespace nvgpuctl
