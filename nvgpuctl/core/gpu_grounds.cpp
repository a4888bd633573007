// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/gpu_grounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

bool found(const Gpu& gpu, std::initializer_list<std::string_view> ids) {
  return std::any_of(
      gpu.findings.begin(), gpu.findings.end(), [&](const Finding& finding) {
        return std::find(ids.begin(), ids.end(), finding.reason->id) !=
               ids.end();
      });
}

std::string driver_ground(const HostSnapshot& host, const Gpu& gpu) {
  if (gpu.driver_role == DriverRole::variant) {
    return fmt::format("it is bound to {}, which shows coherent memory",
                       gpu.pci.driver.value_or(""));
  }
  return gpu.variant ? fmt::format(
                           "the variant driver {} is installed for kernel "
                           "{} and claims this id",
                           *gpu.variant, host.kernel.release)
                     : "";
}

}  // namespace

std::vector<std::string> grounds(const HostSnapshot& host, const Gpu& gpu) {
  std::vector<std::string> sentences;
  if (gpu.model.known) {
    sentences.push_back(fmt::format(
        "10de:{:04x} is {}, a Grace {} GPU", gpu.pci.device, gpu.model.name,
        gpu.model.family == Family::hopper ? "Hopper" : "Blackwell"));
  }
  if (gpu.plan && !found(gpu, {"NVG-E015", "NVG-E016"})) {
    sentences.push_back(fmt::format(
        "firmware describes {} of coherent memory at {} for {}",
        human_size(gpu.memory_size->value), hex(gpu.memory_base->value),
        gpu.pci.acpi_path.value_or("")));
  }
  if (gpu.gi_nodes && !found(gpu, {"NVG-E017", "NVG-E018", "NVG-E051"})) {
    sentences.push_back(fmt::format(
        "it has the {} NUMA nodes {} that a guest needs ({})",
        gpu.gi_nodes->nodes.size(), format_id_list(gpu.gi_nodes->nodes),
        to_string(gpu.gi_nodes->source)));
  }
  if (gpu.pci.iommu_group && !found(gpu, {"NVG-E031", "NVG-E032"})) {
    sentences.push_back(fmt::format(
        "it shares IOMMU group {} with no other device", *gpu.pci.iommu_group));
  }
  if (auto driver = driver_ground(host, gpu); !driver.empty()) {
    sentences.push_back(std::move(driver));
  }
  const auto& cacheable = host.virtualization.kvm_cacheable_pfnmap;
  if (cacheable && cacheable->value) {
    sentences.emplace_back("KVM can map its memory cacheable into a guest");
  }
  return sentences;
}

}  // namespace nvgpuctl
