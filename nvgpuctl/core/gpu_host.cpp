// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/gpu_parts.hpp"
#include "core/iomem.hpp"

namespace nvgpuctl {
namespace {

void judge_presence(Gpu& gpu) {
  if (!gpu.model.known) {
    add_finding(gpu, "NVG-E005", fmt::format("10de:{:04x}", gpu.pci.device),
                sysfs_path(gpu.pci.address, "device"));
  }
  if (has_fallen_off(gpu)) {
    add_finding(gpu, "NVG-E006", "every byte is 0xff",
                sysfs_path(gpu.pci.address, "config"));
  }
  for (const auto& bar : gpu.pci.bars) {
    if (!bar.is_assigned()) {
      add_finding(gpu, "NVG-E009",
                  fmt::format("BAR {}, {}, flags {:#x}", bar.index,
                              human_size(bar.size), bar.flags),
                  sysfs_path(gpu.pci.address, "resource"));
    }
  }
  if (gpu.pci.hung && gpu.pci.hung->overdue) {
    add_finding(gpu, "NVG-E049", to_string(*gpu.pci.hung),
                fmt::format("/proc/{}/stack", gpu.pci.hung->pid));
  }
  for (const auto& problem : gpu.pci.problems) {
    add_finding(gpu, "NVG-W008", problem);
  }
  if (gpu.pci.config) {
    for (const auto& warning : gpu.pci.config->warnings) {
      add_finding(gpu, "NVG-W008", warning,
                  sysfs_path(gpu.pci.address, "config"));
    }
  }
}

void judge_iommu(const HostSnapshot& host, Gpu& gpu) {
  if (!gpu.pci.iommu_group) {
    // Before Linux 6.15 a device that firmware describes, as on Arm, joins its
    // group when a driver is bound for the first time.
    if (host.has_iommu && !gpu.pci.driver) {
      return;
    }
    add_finding(gpu, "NVG-E030", "no iommu_group link",
                sysfs_path(gpu.pci.address, "iommu_group"));
    return;
  }
  const auto group = host.iommu_groups.find(*gpu.pci.iommu_group);
  if (group == host.iommu_groups.end()) {
    return;
  }
  const std::string path =
      fmt::format("/sys/kernel/iommu_groups/{}/", group->first);
  for (const auto& member : group->second.members) {
    constexpr std::uint32_t kPciBridge = 0x0604;  // pci_ids.h
    if (member.address == gpu.pci.address ||
        member.class_code >> 8U == kPciBridge) {
      continue;
    }
    add_finding(gpu, "NVG-E031",
                fmt::format("{} [{:04x}:{:04x}], driver {}",
                            to_string(member.address), member.vendor,
                            member.device, member.driver.value_or("(none)")),
                path + "devices");
  }
  for (const auto& name : group->second.other_members) {
    add_finding(gpu, "NVG-E031", name + ", which is no PCI function",
                path + "devices");
  }
  for (const auto& region : group->second.direct_regions) {
    add_finding(gpu, "NVG-E032", region, path + "reserved_regions");
  }
}

struct SystemRam {
  std::string detail;
  std::string evidence;
};

bool lies_in_plan(const IomemRange& ram, const Gpu& gpu) {
  return gpu.plan && ram.last >= gpu.memory_base->value &&
         ram.first < gpu.memory_base->value + gpu.memory_size->value;
}

// Whether it is this GPU's memory. Where its range is not known, its nodes say
// more than a list without owners does; where they are not known either, what
// is no other GPU's may be its own.
bool belongs_to(const IomemRange& ram, const Gpu& gpu,
                const std::vector<Gpu>& gpus) {
  if (gpu.plan || gpu.gi_nodes) {
    return lies_in_plan(ram, gpu);
  }
  return std::ranges::none_of(
      gpus, [&](const Gpu& other) { return lies_in_plan(ram, other); });
}

// What of the GPU's memory nvidia has given to the kernel as RAM. /proc/iomem
// knows it exactly but only root sees its numbers; the memory of the GPU's
// nodes tells it to everybody.
std::optional<SystemRam> system_ram_of(const HostSnapshot& host,
                                       const std::vector<Gpu>& gpus,
                                       const Gpu& gpu) {
  std::uint64_t bytes = 0;
  std::size_t ranges = 0;
  for (const auto& ram : host.system_ram) {
    if (is_onlined_by_nvidia(ram) && belongs_to(ram, gpu, gpus)) {
      bytes += ram.last - ram.first + 1;
      ++ranges;
    }
  }
  if (ranges > 0) {
    return SystemRam{fmt::format("{} of System RAM (NVIDIA) in {} ranges",
                                 human_size(bytes), ranges),
                     "/proc/iomem"};
  }
  for (const auto& node : host.numa.nodes) {
    if (gpu.gi_nodes && node.memory_bytes > 0 &&
        std::binary_search(gpu.gi_nodes->nodes.begin(),
                           gpu.gi_nodes->nodes.end(), node.id)) {
      return SystemRam{
          fmt::format("{} in node {}", human_size(node.memory_bytes), node.id),
          fmt::format("/sys/devices/system/node/node{}/meminfo", node.id)};
    }
  }
  return std::nullopt;
}

void judge_driver(const HostSnapshot& host, const std::vector<Gpu>& gpus,
                  Gpu& gpu) {
  const std::string driver = gpu.pci.driver.value_or("");
  // Whoever drives the GPU now: nvidia can be gone from it and its memory still
  // be in use.
  const auto online = system_ram_of(host, gpus, gpu);
  if (online) {
    add_finding(gpu, "NVG-E040", online->detail, online->evidence);
  }
  switch (gpu.driver_role) {
    case DriverRole::variant:
      add_finding(gpu, "NVG-I046", driver,
                  sysfs_path(gpu.pci.address, "driver"));
      break;
    case DriverRole::vfio_pci:
      add_finding(gpu, "NVG-E045", driver,
                  sysfs_path(gpu.pci.address, "driver"));
      break;
    case DriverRole::host:
      if (!online) {
        add_finding(gpu, "NVG-W041", driver,
                    sysfs_path(gpu.pci.address, "driver"));
      }
      break;
    case DriverRole::none:
      break;
  }
}

void judge_variant_modules(const HostSnapshot& host, Gpu& gpu) {
  const std::string directory = "/lib/modules/" + host.kernel.release + '/';
  const bool built_in = host.modules.is_loaded(kVariantDriver);
  if (!gpu.variant && gpu.driver_role != DriverRole::variant && !built_in) {
    add_finding(
        gpu, "NVG-E042",
        host.modules.alias_file_found
            ? "no vfio_pci: alias but plain vfio-pci's matches " +
                  gpu.pci.modalias
            : "there is no modules.alias for kernel " + host.kernel.release,
        directory + "modules.alias");
  }
  if (host.modules.variant_files.size() > 1) {
    std::string files;
    for (const auto& file : host.modules.variant_files) {
      files += (files.empty() ? "" : ", then ") + file;
    }
    add_finding(gpu, "NVG-W043", files, directory);
  }
  const auto& wanted = gpu.pci.driver_override;
  const bool ours =
      !wanted || *wanted == kVariantDriver || wanted == gpu.variant;
  if (!ours) {
    add_finding(gpu, "NVG-W044", *wanted,
                sysfs_path(gpu.pci.address, "driver_override"));
  }
}

void judge_kernel(const HostSnapshot& host, Gpu& gpu) {
  const auto& kernel = host.kernel;
  if (!kernel.machine.value.empty() && kernel.machine.value != "aarch64") {
    add_finding(gpu, "NVG-E056", "this kernel runs on " + kernel.machine.value,
                "/proc/sys/kernel/arch");
  }
  const bool has_vfio = kernel.config_file.empty() ||
                        kernel.config.contains("CONFIG_VFIO_PCI_CORE") ||
                        kernel.config.contains("CONFIG_VFIO_PCI");
  if (!has_vfio) {
    add_finding(gpu, "NVG-E050", "CONFIG_VFIO_PCI_CORE is not set",
                kernel.config_file);
  }
}

void judge_kvm(const HostSnapshot& host, Gpu& gpu) {
  const auto& answer = host.virtualization.kvm_cacheable_pfnmap;
  if (answer && !answer->value) {
    add_finding(gpu, "NVG-W052",
                "KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED is 0 in kernel " +
                    host.kernel.release,
                "/dev/kvm");
  }
}

// What is wrong with firmware's tables as a whole.
void judge_tables(const HostSnapshot& host, Gpu& gpu) {
  constexpr std::string_view kTables = "/sys/firmware/acpi/tables/";
  for (const auto& note : host.acpi.notes) {
    add_finding(
        gpu, "NVG-W003", note.problem,
        fmt::format("{}{} offset {:#x}", kTables, note.table, note.offset));
  }
  for (const auto& problem : host.acpi.problems) {
    add_finding(gpu, "NVG-W004", problem, {});
  }
  for (const auto& table : host.acpi.tables) {
    const bool numa = table.signature == "SRAT" || table.signature == "SLIT";
    if (numa && !table.checksum_ok) {
      add_finding(gpu, "NVG-W002",
                  "NUMA nodes and distances come from this table",
                  std::string(kTables) + table.name);
    }
  }
}

}  // namespace

void join_host(const HostSnapshot& host, const std::vector<Gpu>& gpus,
               Gpu& gpu) {
  judge_presence(gpu);
  judge_iommu(host, gpu);
  judge_driver(host, gpus, gpu);
  judge_variant_modules(host, gpu);
  judge_kernel(host, gpu);
  judge_kvm(host, gpu);
  judge_tables(host, gpu);
}

}  // namespace nvgpuctl
