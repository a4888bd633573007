// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>

#include "base/text.hpp"
#include "core/domain_profile.hpp"

namespace nvgpuctl {
namespace {

// arm64's default NODES_SHIFT is 4 (arch/arm64/Kconfig).
constexpr std::size_t kUsualGuestNodes = 16;

DomainValue distance_value(std::string name, const GuestDistance& distance) {
  return {.name = std::move(name),
          .value = std::to_string(distance.value),
          .source = distance.source,
          .note = distance.note};
}

void add_gpu_values(const DomainRequest& request, const GuestTopology& guest,
                    std::size_t index, std::vector<DomainValue>& values) {
  const GuestGpu& gpu = request.gpus[index];
  const CellRange& cells = guest.gpu_cells[index];
  const GpuDistances& distances = guest.gpu_distances[index];
  const std::string prefix = fmt::format("gpu{} ", index);
  values.push_back({.name = prefix + "aperture",
                    .value = std::to_string(gpu.aperture_bytes.value),
                    .source = gpu.aperture_bytes.source,
                    .note = "bytes of 64-bit BARs"});
  values.push_back({.name = prefix + "cells",
                    .value = fmt::format("{}-{}", cells.first, cells.last()),
                    .source = Source::computed,
                    .note = "after the CPU cells, in order of the GPUs"});
  values.push_back(
      distance_value(prefix + "distance to its CPU", distances.local_cpu));
  // A single cell that is kept may be of another socket.
  if (guest.first_cells() > 1 || guest.kept_cells > 0) {
    values.push_back(distance_value(prefix + "distance to other CPUs",
                                    distances.remote_cpu));
  }
  values.push_back(
      distance_value(prefix + "distance within", distances.within));
  if (guest.gpu_cells.size() > 1) {
    values.push_back(
        distance_value(prefix + "distance to other GPUs", distances.peers));
  }
}

void warn_of_large_cells(const DomainRequest& request,
                         const GuestTopology& guest,
                         std::vector<std::string>& warnings) {
  if (!request.whole_domain && !request.room.bind_memory) {
    return;
  }
  std::uint64_t bytes = 0;
  for (const GuestCpuCell& cell : guest.cpu_cells) {
    bytes += cell.memory_kib * kKiB;
  }
  if (request.host_bytes > 0 && bytes > request.host_bytes) {
    warnings.push_back(fmt::format(
        "the guest has {} of memory and the host only {}: it will not start, "
        "because VFIO locks all of it; --memory gives it less",
        human_size(bytes), human_size(request.host_bytes)));
    return;
  }
  for (std::size_t id = 0; id < guest.cpu_cells.size(); ++id) {
    const GuestCpuCell& cell = guest.cpu_cells[id];
    if (!cell.fits) {
      warnings.push_back(fmt::format(
          "cell {} has {} of memory and host node {} only {}: it is not bound "
          "strictly, and the rest comes from other nodes; VFIO locks all of it",
          id, human_size(cell.memory_kib * kKiB), cell.host_node,
          human_size(request.cpu_cells[id].host_bytes)));
    }
  }
}

}  // namespace

std::string describe(const GuestDistance& distance) {
  return distance.note.empty()
             ? fmt::format("{} ({})", distance.value,
                           to_string(distance.source))
             : fmt::format("{} ({}: {})", distance.value,
                           to_string(distance.source), distance.note);
}

std::string describe_gpu(const GuestGpu& gpu) {
  return gpu.model.empty()
             ? to_string(gpu.address)
             : fmt::format("{} ({})", to_string(gpu.address), gpu.model);
}

std::string describe_distances(const GuestTopology& guest, std::size_t gpu) {
  const GpuDistances& of = guest.gpu_distances[gpu];
  std::vector<std::string> parts{"own cells " + describe(of.within),
                                 "own CPU " + describe(of.local_cpu)};
  if (guest.first_cells() > 1) {
    parts.push_back("other CPUs " + describe(of.remote_cpu));
  }
  if (guest.gpu_cells.size() > 1) {
    parts.push_back("other GPUs " + describe(of.peers));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string describe_window(const DomainRequest& request) {
  std::vector<std::string> parts;
  for (const GuestGpu& gpu : gpus_in_window(request)) {
    parts.push_back(fmt::format("{} ({})", human_size(gpu.aperture_bytes.value),
                                to_string(gpu.aperture_bytes.source)));
  }
  return fmt::format(
      "window for 64-bit BARs: {}, aligned, at least 512 GiB each, next power "
      "of two",
      fmt::join(parts, " + "));
}

std::string describe_target(const DomainRequest& request) {
  return fmt::format(
      "for libvirt {} ({}) and QEMU {} ({}), profile {}",
      to_string(request.libvirt.value), to_string(request.libvirt.source),
      to_string(request.qemu.value), to_string(request.qemu.source),
      to_string(request.profile));
}

std::vector<DomainValue> list_values(const DomainRequest& request,
                                     const GuestTopology& guest) {
  std::vector<DomainValue> values{
      {.name = "libvirt",
       .value = to_string(request.libvirt.value),
       .source = request.libvirt.source,
       .note = {}},
      {.name = "qemu",
       .value = to_string(request.qemu.value),
       .source = request.qemu.source,
       .note = {}},
      {.name = "profile",
       .value = std::string(to_string(request.profile)),
       .source = Source::computed,
       .note = {}},
      {.name = "pcihole64",
       .value = std::to_string(guest.window_bytes),
       .source = Source::computed,
       .note = describe_window(request)}};
  for (const ExpanderBus& bus : guest.buses) {
    values.push_back(
        {.name = fmt::format("busNr of controller {}", bus.controller),
         .value = std::to_string(bus.bus_number),
         .source = Source::computed,
         .note = "counted down from 254"});
  }
  if (guest.cpu_cells.size() > 1) {
    values.push_back(
        distance_value("distance between CPUs", guest.between_cpus));
  }
  for (std::size_t i = 0; i < request.gpus.size(); ++i) {
    add_gpu_values(request, guest, i, values);
  }
  return values;
}

std::vector<std::string> list_warnings(const DomainRequest& request,
                                       const GuestTopology& guest) {
  std::vector<std::string> warnings;
  const DomainFeatures features = features_of(request);
  if (!features.generic_initiators) {
    warnings.emplace_back(
        "qemu:commandline marks the domain as tainted (custom-argv)");
  }
  if (request.iommufd && !features.iommufd_attribute) {
    warnings.emplace_back(
        "QEMU opens /dev/iommu and /dev/vfio/devices itself: add them to "
        "cgroup_device_acl in qemu.conf and to the AppArmor or SELinux policy");
  }
  if (request.viommu == Viommu::smmuv3) {
    warnings.emplace_back(
        "an SMMU that is only emulated cannot translate a GPU's DMA, and QEMU "
        "may refuse to start; --viommu accel is for GPUs");
  }
  if (request.viommu != Viommu::none) {
    for (const GuestGpu& gpu : request.gpus) {
      if (!gpu.smmu) {
        warnings.push_back(fmt::format(
            "{}: its physical SMMU is not known; if it shares one with "
            "another GPU of this guest, QEMU refuses them on separate buses",
            to_string(gpu.address)));
      }
    }
  }
  warn_of_large_cells(request, guest, warnings);
  const std::size_t cells = guest.distances.size();
  if (cells > kUsualGuestNodes) {
    warnings.push_back(fmt::format(
        "{} NUMA nodes: the guest's kernel needs CONFIG_NODES_SHIFT of at "
        "least {}",
        cells, std::bit_width(cells - 1)));
  }
  return warnings;
}

}  // namespace nvgpuctl
