// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/read_host.hpp"

#include <algorithm>

#include "core/capture_facts.hpp"
#include "core/iomem.hpp"
#include "host/acpi_files.hpp"
#include "host/census.hpp"
#include "host/kernel_files.hpp"
#include "host/libvirt_domains.hpp"
#include "host/libvirt_probe.hpp"
#include "host/manager_files.hpp"
#include "host/numa_files.hpp"
#include "host/pci_functions.hpp"
#include "host/pci_library.hpp"

namespace nvgpuctl {
namespace {

constexpr std::uint16_t kNvidia = 0x10de;
constexpr std::string_view kDeviceFiles = "/etc/nvgpuctl/devices.d";
constexpr std::size_t kMaxYaml = 64 * 1024UL;
constexpr std::size_t kMaxIomem = 16UL << 20U;

AcpiFacts read_acpi(const RootDir& root) {
  AcpiFacts facts;
  const AcpiFiles files = read_acpi_files(root);
  facts.unreadable = files.unreadable;
  facts.problems = files.problems;
  // Definition blocks compute with the integers of the DSDT; it comes first.
  std::uint8_t dsdt_revision = 2;
  for (const auto& file : files.files) {
    const Bytes bytes(reinterpret_cast<const std::uint8_t*>(file.bytes.data()),
                      file.bytes.size());
    const auto table = parse_acpi_table(file.name, bytes);
    if (!table) {
      facts.problems.push_back(table.error().subject + ": " +
                               table.error().problem);
      continue;
    }
    facts.tables.push_back({table->name, table->signature, table->oem_id,
                            table->oem_table_id, table->length,
                            table->checksum_ok});
    // Linux, too, takes the first of several.
    if (table->signature == "SRAT" && !facts.srat) {
      auto srat = parse_srat(*table);
      if (srat) {
        facts.srat = std::move(*srat);
      } else {
        facts.problems.push_back("SRAT: " + srat.error().problem);
      }
    } else if (table->signature == "SLIT" && !facts.slit) {
      auto slit = parse_slit(*table);
      if (slit) {
        facts.slit = std::move(*slit);
      } else {
        facts.problems.push_back("SLIT: " + slit.error().problem);
      }
    } else if (table->signature == "DSDT" || table->signature == "SSDT") {
      if (table->signature == "DSDT") {
        dsdt_revision = table->revision;
      }
      auto walk = find_dsds(*table, dsdt_revision);
      std::move(walk.dsds.begin(), walk.dsds.end(),
                std::back_inserter(facts.dsds));
      std::move(walk.notes.begin(), walk.notes.end(),
                std::back_inserter(facts.notes));
    }
  }
  return facts;
}

Result<CaptureFacts> read_capture_facts(const RootDir& root) {
  const std::string path = std::string("/") + kCaptureFile;
  const auto text = root.read_file(path, kMaxYaml);
  if (!text && text.error().code == Errc::not_found) {
    return CaptureFacts{};  // a bare tree is a capture too
  }
  if (!text) {
    return forward_error(text);
  }
  return parse_capture_facts(*text, kCaptureFile);
}

// Facts of the capture's own file go where no recorded file has put them.
void add_capture_facts(const CaptureFacts& capture, const HostNeeds& needs,
                       HostSnapshot& host) {
  if (!capture.privileged && host.acpi.tables.empty()) {
    host.acpi.unreadable.emplace_back("/sys/firmware/acpi/tables");
  }
  if (capture.machine && host.kernel.machine.value.empty()) {
    host.kernel.machine = {*capture.machine, Source::capture};
  }
  if (capture.page_size && !host.kernel.page_size) {
    host.kernel.page_size =
        Fact<std::uint64_t>{*capture.page_size, Source::capture};
  }
  auto& virtualization = host.virtualization;
  if (capture.kvm_cacheable_pfnmap) {
    virtualization.kvm_cacheable_pfnmap =
        Fact<bool>{*capture.kvm_cacheable_pfnmap, Source::capture};
  }
  if (capture.libvirt) {
    virtualization.libvirt = Fact<Version>{*capture.libvirt, Source::capture};
  }
  if (capture.qemu) {
    virtualization.qemu = Fact<Version>{*capture.qemu, Source::capture};
  }
  if (needs.use && !capture.domains.empty()) {
    host.census = host.census.value_or(Census());
    host.census->domains = capture.domains;
  }
}

// firmware_node proves that the kernel has read a DSDT.
void note_hidden_tables(HostSnapshot& host) {
  auto& acpi = host.acpi;
  const bool dsdt = std::ranges::any_of(
      acpi.tables, [](const auto& table) { return table.signature == "DSDT"; });
  const bool companion = std::ranges::any_of(
      host.gpus, [](const auto& gpu) { return gpu.acpi_path.has_value(); });
  if (companion && !dsdt && acpi.unreadable.empty() && acpi.problems.empty()) {
    acpi.unreadable.emplace_back("/sys/firmware/acpi/tables");
    acpi.hidden = true;
  }
}

void add_libvirt(VirtualizationFacts& facts) {
  const auto versions = probe_libvirt();
  facts.libvirt_problem = versions.problem;
  if (versions.libvirt) {
    facts.libvirt = Fact<Version>{*versions.libvirt, Source::libvirt};
  }
  if (versions.qemu) {
    facts.qemu = Fact<Version>{*versions.qemu, Source::libvirt};
  }
}

// A daemon that does not answer hides nobody: a guest's QEMU is a process.
void add_running_domains(Census& census) {
  constexpr std::chrono::seconds kPatience{5};
  if (!libvirt_runs(census)) {
    return;
  }
  LibvirtService service;
  service.deadline = kPatience;
  auto domains = running_domains(service);
  if (domains) {
    census.domains = std::move(*domains);
  } else {
    census.libvirt_problem = domains.error().problem;
  }
}

void add_use(const RootDir& root, const HostNeeds& needs, HostSnapshot& host) {
  auto seen = read_census(root, host.gpus);
  if (!seen.has_processes) {
    return;
  }
  auto& census = host.census.emplace(std::move(seen));
  for (const auto& node : host.numa.nodes) {
    // Nodes with CPUs have the host's own memory, in thousands of blocks.
    if (node.memory_bytes > 0 && node.cpus.empty()) {
      census.memory.emplace(node.id, read_online_blocks(root, node.id));
    }
  }
  if (needs.running_domains && root.live()) {
    add_running_domains(census);
  }
}

Result<> read_gpus(const RootDir& root, const DeviceTable& table, bool untagged,
                   HostSnapshot& host) {
  // A tag is trusted only while the rule that sets it knows all ids: an
  // operator's own file may name more.
  const auto tags =
      untagged || root.exists(kDeviceFiles) ? TagUse::ignore : TagUse::trust;
  const auto addresses = find_nvidia_gpus(root, tags);
  if (!addresses) {
    return forward_error(addresses);
  }
  for (const auto* folder : {"/sys/class/iommu", "/sys/kernel/iommu_groups"}) {
    // The groups may be hundreds: they are listed only where they must be.
    if (!host.has_iommu) {
      const auto names = root.list(folder);
      host.has_iommu = names && !names->empty();
    }
  }
  std::optional<PciLibrary> library;
  for (const auto& address : *addresses) {
    auto identity = read_pci_identity(root, address);
    if (!identity) {
      host.problems.push_back(identity.error().subject + ": " +
                              identity.error().problem);
      continue;
    }
    // Anybody's udev rule can set a tag of our name.
    if (identity->vendor != kNvidia) {
      continue;
    }
    if (!table.find(identity->device)) {
      host.other_gpus.push_back(std::move(*identity));
      continue;
    }
    if (!library) {
      library.emplace(root);
    }
    auto function = read_pci_function(root, *library, address);
    if (!function) {  // it was pulled out while we looked
      host.problems.push_back(function.error().subject + ": " +
                              function.error().problem);
      continue;
    }
    const auto group = function->iommu_group;
    if (group && !host.iommu_groups.contains(*group)) {
      host.iommu_groups.emplace(*group, read_iommu_group(root, *group));
    }
    host.gpus.push_back(std::move(*function));
  }
  return {};
}

}  // namespace

Result<DeviceTable> read_device_table(const RootDir& root) {
  DeviceTable table = DeviceTable::shipped();
  const auto names = root.list(kDeviceFiles);
  if (!names) {
    return table;
  }
  for (const auto& name : *names) {
    // Editors lock a file by a link of its name behind a dot.
    if (name.starts_with('.') || !name.ends_with(".yaml")) {
      continue;
    }
    const std::string path = std::string(kDeviceFiles) + '/' + name;
    const auto text = root.read_file(path, kMaxYaml);
    if (!text) {
      return forward_error(text);
    }
    auto merged = table.merge(*text, path);
    if (!merged) {
      return forward_error(merged);
    }
  }
  return table;
}

Result<HostSnapshot> read_host(const RootDir& root, const DeviceTable& table,
                               const HostNeeds& needs) {
  HostSnapshot host;
  host.live = root.live();
  auto gpus = read_gpus(root, table, needs.untagged, host);
  if (!gpus) {
    return forward_error(gpus);
  }
  const auto capture = root.live() ? Result<CaptureFacts>(CaptureFacts{})
                                   : read_capture_facts(root);
  if (!capture) {
    return forward_error(capture);
  }
  // Everything below only explains GPUs, so a host without any is not read.
  if (!host.gpus.empty() || needs.host_facts) {
    host.acpi = read_acpi(root);
    host.numa = read_numa(root, host.problems);
    host.kernel = read_kernel(root, host.problems);
    host.modules = read_modules(root, host.kernel.release, host.problems);
    if (const auto iomem = root.read_file("/proc/iomem", kMaxIomem)) {
      host.system_ram = parse_system_ram(*iomem);
    }
  }
  if (needs.virtualization) {
    host.virtualization = read_virtualization(root);
  }
  if (needs.libvirt && root.live()) {
    add_libvirt(host.virtualization);
  }
  if ((needs.managers || needs.use) && !host.gpus.empty()) {
    host.managers = read_managers(root, host.kernel.command_line);
  }
  if (needs.use && !host.gpus.empty()) {
    add_use(root, needs, host);
  }
  add_capture_facts(*capture, needs, host);
  note_hidden_tables(host);
  return host;
}

}  // namespace nvgpuctl
