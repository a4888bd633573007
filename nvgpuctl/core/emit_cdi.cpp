// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"

namespace nvgpuctl {
namespace {

using Json = nlohmann::ordered_json;

// A runtime refuses a file of a later version than its own, so this is the
// lowest that has all that is used here. It wants names to begin with a letter.
constexpr std::string_view kCdiVersion = "0.3.0";
// Not NVIDIA's: its own toolkit owns nvidia.com/gpu.
constexpr std::string_view kKind = "nvgpuctl/gpu";

Json node(const std::string& path) {
  return {{"path", path}, {"permissions", "rw"}};
}

// As libvirt calls the device: "pci_0009_01_00_0".
std::string device_name(const PciAddress& at) {
  return fmt::format("pci_{:04x}_{:02x}_{:02x}_{:x}", at.domain, at.bus,
                     at.device, at.function);
}

// Group and device file are two doors to one device; a VMM takes either. What
// all GPUs share stands with each of them: CDI's own schema has no other place.
Json device_nodes(const HostSnapshot& host, const Gpu& gpu) {
  Json nodes = Json::array();
  if (host.virtualization.dev_vfio && gpu.pci.iommu_group) {
    nodes.push_back(node("/dev/vfio/vfio"));
    nodes.push_back(node(fmt::format("/dev/vfio/{}", *gpu.pci.iommu_group)));
  }
  if (host.virtualization.dev_iommu && gpu.pci.vfio_dev) {
    nodes.push_back(node("/dev/iommu"));
    nodes.push_back(
        node(fmt::format("/dev/vfio/devices/{}", *gpu.pci.vfio_dev)));
  }
  return nodes;
}

struct Devices {
  Json list = Json::array();
  std::vector<std::string> warnings;
};

Devices devices_of(const HostSnapshot& host, std::span<const Gpu> gpus) {
  Devices devices;
  for (const auto& gpu : gpus) {
    const auto nodes = device_nodes(host, gpu);
    if (gpu.state != GpuState::bound || nodes.empty()) {
      devices.warnings.push_back(
          fmt::format("{} is left out: {}", to_string(gpu.pci.address),
                      gpu.state == GpuState::bound
                          ? "it is bound, and has no file below /dev/vfio"
                          : fmt::format("its state is {}, not bound",
                                        to_string(gpu.state))));
      continue;
    }
    devices.list.push_back({{"name", device_name(gpu.pci.address)},
                            {"containerEdits", {{"deviceNodes", nodes}}}});
  }
  return devices;
}

}  // namespace

Result<Emission> emit_cdi(const HostSnapshot& host, std::span<const Gpu> gpus) {
  auto devices = devices_of(host, gpus);
  if (devices.list.empty()) {
    return fail(Errc::not_viable, "emit cdi",
                gpus.empty() ? "this host has no Grace GPU"
                             : "no GPU is bound and usable, and a CDI file "
                               "must name at least one device",
                gpus.empty() ? "see: nvgpuctl list"
                             : "bind first: nvgpuctl bind --all");
  }
  const Json spec{
      {"cdiVersion", kCdiVersion}, {"kind", kKind}, {"devices", devices.list}};
  return Emission{
      spec.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
      std::move(devices.warnings)};
}

}  // namespace nvgpuctl
