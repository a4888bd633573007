// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/gpu_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "cli/wording.hpp"

namespace nvgpuctl::cli {
namespace {

using FactRows = std::vector<GpuFact>;

std::string number(const std::optional<unsigned>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string region_text(const std::optional<MemoryRegion>& region) {
  if (!region) {
    return "";
  }
  return fmt::format("{} at {}, BAR{} of {}", size_text(region->size),
                     hex(region->base), region->bar,
                     human_size(region->bar_size));
}

GpuFact from_firmware(std::string name,
                      const std::optional<Fact<std::uint64_t>>& fact,
                      std::string (*text)(std::uint64_t)) {
  return fact ? GpuFact{std::move(name), text(fact->value), fact->source, true}
              : GpuFact{std::move(name), "", Source::dsd};
}

std::string both_sizes(std::uint64_t bytes) {
  return fmt::format("{}, {}", hex(bytes), human_size(bytes));
}

FactRows memory_facts(const Gpu& gpu) {
  FactRows rows{from_firmware("base", gpu.memory_base, hex),
                from_firmware("size", gpu.memory_size, both_sizes),
                {"MIG erratum",
                 gpu.erratum.value == MigErratum::present ? "present" : "fixed",
                 gpu.erratum.source, true}};
  if (gpu.plan) {
    rows.push_back(
        {"layout", std::string(to_string(gpu.plan->layout)), Source::computed});
    rows.push_back({"usable", region_text(gpu.plan->usable), Source::computed});
    rows.push_back(
        {"reserved", region_text(gpu.plan->reserved), Source::computed});
  }
  if (gpu.egm) {
    rows.push_back(
        {"EGM",
         fmt::format("{} at {}, proximity domain {}", size_text(gpu.egm->size),
                     hex(gpu.egm->base), gpu.egm->pxm),
         Source::dsd});
  }
  return rows;
}

FactRows numa_facts(const Gpu& gpu) {
  FactRows rows{{"CPU node", number(gpu.cpu_node)}};
  if (!gpu.gi_nodes) {
    rows.push_back({"GPU nodes", "", Source::srat});
    return rows;
  }
  rows.push_back({"GPU nodes", nodes_text(gpu), gpu.gi_nodes->source, true});
  if (!gpu.gi_nodes->pxms.empty()) {
    rows.push_back({"proximity domains",
                    fmt::format("{}", fmt::join(gpu.gi_nodes->pxms, ", ")),
                    gpu.gi_nodes->source});
  }
  return rows;
}

FactRows iommu_facts(const HostSnapshot& host, const Gpu& gpu) {
  FactRows rows{{"group", number(gpu.pci.iommu_group)},
                {"SMMU", gpu.pci.smmu.value_or("")}};
  if (!gpu.pci.iommu_group) {
    return rows;
  }
  const auto group = host.iommu_groups.find(*gpu.pci.iommu_group);
  if (group == host.iommu_groups.end()) {
    return rows;
  }
  rows.push_back({"type", group->second.type});
  for (const auto& member : group->second.members) {
    if (member.address != gpu.pci.address) {
      rows.push_back({"also in the group",
                      fmt::format("{} {}, driver {}", to_string(member.address),
                                  id_text(member.vendor, member.device),
                                  member.driver.value_or("none"))});
    }
  }
  for (const auto& name : group->second.other_members) {
    rows.push_back({"also in the group", name});
  }
  return rows;
}

FactRows pci_facts(const PciFunction& pci) {
  FactRows rows{
      {"device",
       fmt::format("{}, subsystem {}", id_text(pci.vendor, pci.device),
                   id_text(pci.subsystem_vendor, pci.subsystem_device))},
      {"ACPI path", pci.acpi_path.value_or("")},
      {"power state", pci.power_state},
      {"reset methods", pci.reset_methods}};
  std::vector<std::string> bridges;
  for (const auto& bridge : pci.upstream) {
    bridges.push_back(to_string(bridge));
  }
  rows.push_back({"below", fmt::format("{}", fmt::join(bridges, ", "))});
  for (const auto& bar : pci.bars) {
    rows.push_back(
        {fmt::format("BAR{}", bar.index),
         fmt::format("{} at {}", human_size(bar.size), hex(bar.start))});
  }
  return rows;
}

FactRows driver_facts(const Gpu& gpu) {
  return {{"name", gpu.pci.driver.value_or("")},
          {"role", std::string(to_string(gpu.driver_role)), Source::computed},
          {"override", gpu.pci.driver_override.value_or("")},
          {"VFIO device", gpu.pci.vfio_dev.value_or("")}};
}

}  // namespace

std::vector<GpuFacts> gpu_facts(const HostSnapshot& host, const Gpu& gpu) {
  return {{"PCI", pci_facts(gpu.pci)},
          {"Driver", driver_facts(gpu)},
          {"Coherent memory", memory_facts(gpu)},
          {"NUMA", numa_facts(gpu)},
          {"IOMMU", iommu_facts(host, gpu)}};
}

}  // namespace nvgpuctl::cli
