// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/device_event.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "core/host_snapshot.hpp"

namespace nvgpuctl {
namespace {

// The GPU itself, or the one in whose group the function is.
EventRelation relate_function(const PciAddress& address,
                              const HostSnapshot& host,
                              const std::vector<Gpu>& gpus) {
  for (const auto& gpu : gpus) {
    if (gpu.pci.address == address) {
      return {Concern::gpu, address};
    }
  }
  for (const auto& gpu : gpus) {
    const auto group = gpu.pci.iommu_group
                           ? host.iommu_groups.find(*gpu.pci.iommu_group)
                           : host.iommu_groups.end();
    if (group == host.iommu_groups.end()) {
      continue;
    }
    const auto& members = group->second.members;
    if (std::any_of(members.begin(), members.end(),
                    [&](const PciFunction& member) {
                      return member.address == address;
                    })) {
      return {Concern::group, gpu.pci.address};
    }
  }
  return {};
}

// Named after the group.
EventRelation relate_group(std::string_view name,
                           const std::vector<Gpu>& gpus) {
  const auto number = parse_unsigned(name);
  for (const auto& gpu : gpus) {
    if (number && gpu.pci.iommu_group == *number) {
      return {Concern::vfio, gpu.pci.address};
    }
  }
  return {};
}

// "/devices/pci0009:00/0009:00:00.0/0009:01:00.0/vfio-dev/vfio0": the function
// is the last one on the way.
EventRelation relate_vfio_device(std::string_view path,
                                 const HostSnapshot& host,
                                 const std::vector<Gpu>& gpus) {
  std::optional<PciAddress> function;
  for (const auto piece : split(path, '/')) {
    if (const auto address = parse_pci_address(piece)) {
      function = *address;
    }
  }
  const auto relation =
      function ? relate_function(*function, host, gpus) : EventRelation{};
  return relation.gpu ? EventRelation{Concern::vfio, relation.gpu}
                      : EventRelation{};
}

EventRelation relate_driver(const DeviceEvent& event,
                            const std::vector<Gpu>& gpus) {
  constexpr std::array<std::string_view, 4> kDrivers{kVariantDriver, "vfio-pci",
                                                     "nvidia", "nouveau"};
  const bool known =
      std::find(kDrivers.begin(), kDrivers.end(), event.name) !=
          kDrivers.end() ||
      std::any_of(gpus.begin(), gpus.end(), [&](const Gpu& gpu) {
        return gpu.pci.driver == event.name || gpu.variant == event.name;
      });
  const bool of_pci = event.path.find("/bus/pci/drivers/") != std::string::npos;
  return known && of_pci ? EventRelation{Concern::driver, std::nullopt}
                         : EventRelation{};
}

std::optional<GpuStanding> find(const std::vector<GpuStanding>& list,
                                const PciAddress& address) {
  const auto found = std::find_if(
      list.begin(), list.end(),
      [&](const GpuStanding& one) { return one.address == address; });
  return found == list.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::string_view to_string(Concern concern) {
  switch (concern) {
    case Concern::gpu:
      return "gpu";
    case Concern::group:
      return "group";
    case Concern::vfio:
      return "vfio";
    case Concern::driver:
      return "driver";
    case Concern::none:
      break;
  }
  return "none";
}

EventRelation relate(const DeviceEvent& event, const HostSnapshot& host,
                     const std::vector<Gpu>& gpus) {
  if (event.subsystem == "pci") {
    const auto address = parse_pci_address(event.name);
    return address ? relate_function(*address, host, gpus) : EventRelation{};
  }
  if (event.subsystem == "vfio") {
    return relate_group(event.name, gpus);
  }
  if (event.subsystem == "vfio-dev") {
    return relate_vfio_device(event.path, host, gpus);
  }
  return event.subsystem == "drivers" ? relate_driver(event, gpus)
                                      : EventRelation{};
}

std::vector<GpuStanding> standing_of(const std::vector<Gpu>& gpus) {
  std::vector<GpuStanding> standings;
  standings.reserve(gpus.size());
  for (const auto& gpu : gpus) {
    standings.push_back(
        {gpu.pci.address, gpu.state, gpu.pci.driver.value_or("")});
  }
  return standings;
}

std::vector<StandingChange> changes_between(
    const std::vector<GpuStanding>& before,
    const std::vector<GpuStanding>& after) {
  std::set<PciAddress> addresses;
  for (const auto* list : {&before, &after}) {
    for (const auto& standing : *list) {
      addresses.insert(standing.address);
    }
  }
  std::vector<StandingChange> changes;
  for (const auto& address : addresses) {
    auto old = find(before, address);
    auto now = find(after, address);
    if (old != now) {
      changes.push_back({address, std::move(old), std::move(now)});
    }
  }
  return changes;
}

}  // namespace nvgpuctl
