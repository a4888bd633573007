// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/emit.hpp"
#include "core/emit_parts.hpp"
#include "core/stack_notes.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kKubeVirtIntro =
    "Written by: nvgpuctl emit kubevirt; what KubeVirt cannot do: "
    "docs/emit.md\n"
    "kubectl patch -n kubevirt kubevirt kubevirt --type merge --patch-file "
    "FILE\n"
    "A merge patch replaces lists: add the gates and devices that you have.\n"
    "resourceName is what NVIDIA's kubevirt-gpu-device-plugin calls the GPU;\n"
    "compare: kubectl get node NODE -o jsonpath='{.status.allocatable}'";

// What pci.ids calls a GPU, in the spelling of NVIDIA's device plugin: upper
// case, '_' for blanks, '/' and '.', other signs left out. It calls an id that
// its pci.ids lacks by the bare id.
struct ResourceName {
  std::uint16_t device_id;
  std::string_view name;
};
constexpr std::array kResourceNames{
    ResourceName{0x2342, "GH100_GH200_120GB___480GB"},
    ResourceName{0x2345, "GH100_GH10088KA1"},
    ResourceName{0x2348, "GH100_GH200_144G_HBM3E"},
    ResourceName{0x2941, "GB100_HGX_GB200"},
};

// The kubelet's Topology Manager takes no more without an option of its own.
constexpr std::size_t kTopologyManagerNodes = 8;

std::string resource_name(std::uint16_t id) {
  const auto* found = std::find_if(
      kResourceNames.begin(), kResourceNames.end(),
      [&](const ResourceName& row) { return row.device_id == id; });
  return fmt::format("nvidia.com/{}", found == kResourceNames.end()
                                          ? fmt::format("{:04x}", id)
                                          : std::string(found->name));
}

void warn_of_ids(PassableGpus& passable) {
  for (const auto id : device_ids(passable.gpus)) {
    if (!known_to_kubevirt(id)) {
      passable.warnings.push_back(fmt::format(
          "KubeVirt's Grace support knows 10de:2342, 10de:2348 and 10de:2941, "
          "and not 10de:{:04x}: a guest gets that GPU without NUMA nodes for "
          "its memory",
          id));
    }
  }
}

void warn_of_iommufd(const HostSnapshot& host, PassableGpus& passable) {
  passable.warnings.emplace_back(
      "KubeVirt's Grace support needs IOMMUFD, and the guide of NVIDIA's DRA "
      "driver says to keep iommu.backendPolicy at LegacyOnly: set "
      "PreferIommuFD where that driver hands out these GPUs");
  if (!host.virtualization.dev_iommu) {
    passable.warnings.emplace_back(
        "this host has no /dev/iommu, which the gate IOMMUFD needs");
  }
}

void warn_of_nodes(const HostSnapshot& host, PassableGpus& passable) {
  if (host.numa.online.size() > kTopologyManagerNodes) {
    passable.warnings.push_back(fmt::format(
        "this host has {} NUMA nodes: the kubelet's Topology Manager refuses "
        "more than {} unless max-allowable-numa-nodes is set, and then takes "
        "exponentially long; keep its policy at none",
        host.numa.online.size(), kTopologyManagerNodes));
  }
}

constexpr std::string_view kPatch = R"(apiVersion: kubevirt.io/v1
kind: KubeVirt
metadata:
  name: kubevirt
  namespace: kubevirt
spec:
  configuration:
    developerConfiguration:
      featureGates:
        - GraceIOVirtualization
        - PCINUMAAwareTopology
        - IOMMUFD
    permittedHostDevices:
      pciHostDevices:
)";

}  // namespace

Result<Emission> emit_kubevirt(const HostSnapshot& host,
                               std::span<const Gpu> gpus) {
  auto passable = passable_gpus("kubevirt", gpus);
  if (!passable) {
    return forward_error(passable);
  }
  warn_of_unbound(*passable);
  warn_of_ids(*passable);
  warn_of_iommufd(host, *passable);
  warn_of_nodes(host, *passable);
  std::string text = head(kKubeVirtIntro, passable->warnings);
  text += kPatch;
  for (const auto id : device_ids(passable->gpus)) {
    // Quoted: 10DE:2342 is a number in base 60 to some readers of YAML.
    text += fmt::format(
        "        - pciVendorSelector: \"10DE:{:04X}\"\n"
        "          resourceName: {}\n"
        "          externalResourceProvider: true\n",
        id, resource_name(id));
  }
  return Emission{std::move(text), std::move(passable->warnings)};
}

}  // namespace nvgpuctl
