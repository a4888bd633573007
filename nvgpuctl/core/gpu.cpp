// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/gpu_parts.hpp"

namespace nvgpuctl {
namespace {

DriverRole role_of(const PciFunction& pci,
                   const std::optional<std::string>& variant) {
  if (!pci.driver) {
    return DriverRole::none;
  }
  if (*pci.driver == "vfio-pci") {
    return DriverRole::vfio_pci;
  }
  // A VFIO device below the function proves it too: a driver whose module has
  // since been removed from the disk, or one bound by new_id.
  return variant == pci.driver || pci.vfio_dev || *pci.driver == kVariantDriver
             ? DriverRole::variant
             : DriverRole::host;
}

// With these a bound GPU works without its memory or its nodes, or as well as
// before; with other errors it must not be used.
bool spares_a_bound_gpu(const Finding& found) {
  constexpr std::array<std::string_view, 12> kThese{
      "NVG-E005", "NVG-E010", "NVG-E011", "NVG-E012", "NVG-E013", "NVG-E014",
      "NVG-E016", "NVG-E017", "NVG-E018", "NVG-E042", "NVG-E045", "NVG-E051"};
  return found.reason->severity != Severity::error ||
         std::ranges::count(kThese, found.reason->id) > 0;
}

GpuState state_of(const Gpu& gpu) {
  if (gpu.pci.hung && gpu.pci.hung->overdue) {
    return GpuState::needs_operator;
  }
  const bool error = has_error(gpu.findings);
  switch (gpu.driver_role) {
    case DriverRole::variant:
    case DriverRole::vfio_pci:
      if (!std::ranges::all_of(gpu.findings, spares_a_bound_gpu)) {
        return GpuState::blocked;
      }
      return error || gpu.driver_role == DriverRole::vfio_pci
                 ? GpuState::degraded
                 : GpuState::bound;
    case DriverRole::none:
    case DriverRole::host:
      break;
  }
  if (error) {
    return GpuState::blocked;
  }
  // Without an error a missing plan means that ACPI could not be read.
  return gpu.plan ? GpuState::ready : GpuState::unknown;
}

int rank(Severity severity) {
  return static_cast<int>(severity);
}

}  // namespace

std::string_view to_string(GpuState state) {
  switch (state) {
    case GpuState::ready:
      return "ready";
    case GpuState::unknown:
      return "unknown";
    case GpuState::bound:
      return "bound";
    case GpuState::degraded:
      return "degraded";
    case GpuState::needs_operator:
      return "needs-operator";
    case GpuState::blocked:
      break;
  }
  return "blocked";
}

std::string_view to_string(DriverRole role) {
  switch (role) {
    case DriverRole::none:
      return "none";
    case DriverRole::variant:
      return "variant";
    case DriverRole::vfio_pci:
      return "vfio-pci";
    case DriverRole::host:
      break;
  }
  return "host";
}

std::string variant_driver(const Gpu& gpu) {
  return gpu.variant.value_or(std::string(kVariantDriver));
}

bool has_fallen_off(const Gpu& gpu) {
  return gpu.pci.config && !gpu.pci.config->present;
}

const Finding* find_finding(const Gpu& gpu, std::string_view id) {
  const auto found =
      std::find_if(gpu.findings.begin(), gpu.findings.end(),
                   [&](const Finding& one) { return one.reason->id == id; });
  return found == gpu.findings.end() ? nullptr : &*found;
}

void add_finding(Gpu& gpu, std::string_view id, std::string detail,
                 std::string_view evidence) {
  gpu.findings.push_back(finding(id, to_string(gpu.pci.address),
                                 std::move(detail), std::string(evidence)));
}

std::vector<Gpu> assemble_gpus(const HostSnapshot& host,
                               const DeviceTable& table) {
  std::vector<Gpu> gpus;
  std::vector<PciAddress> order;
  for (const auto& pci : host.gpus) {
    const auto model = table.find(
        pci.device, pci.subsystem_vendor == 0x10de ? pci.subsystem_device : 0);
    if (!model) {
      continue;
    }
    Gpu gpu;
    gpu.pci = pci;
    gpu.model = *model;
    gpu.variant = best_variant(host.modules.vfio_aliases, pci.modalias);
    gpu.driver_role = role_of(pci, gpu.variant);
    gpu.cpu_node = pci.numa_node;
    order.push_back(pci.address);
    gpus.push_back(std::move(gpu));
  }
  for (auto& gpu : gpus) {
    join_memory(host, gpu);
    join_numa(host, order, gpu);
  }
  for (auto& gpu : gpus) {
    join_host(host, gpus, gpu);
    join_use(host, gpu);
  }
  find_overlaps(host, gpus);
  for (auto& gpu : gpus) {
    // What blocks comes first; within a severity the order of the joins stays.
    std::stable_sort(gpu.findings.begin(), gpu.findings.end(),
                     [](const Finding& left, const Finding& right) {
                       return rank(left.reason->severity) <
                              rank(right.reason->severity);
                     });
    gpu.state = state_of(gpu);
  }
  return gpus;
}

}  // namespace nvgpuctl
