// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "core/gpu.hpp"

// A GH200 120GB with every fact right, as read_host() would give it. A test
// breaks one thing and says what follows.

namespace nvgpuctl {

constexpr PciAddress kGh200Address{9, 1, 0, 0};
constexpr const char* kGh200AcpiPath = "\\_SB_.PCI9.RP00.GPU0";

inline DeviceDsd gh200_dsd() {
  DeviceDsd dsd;
  dsd.path = kGh200AcpiPath;
  dsd.table = "SSDT3";
  dsd.offset = 0x120;
  dsd.properties = {{"nvidia,gpu-mem-base-pa", std::uint64_t{0x4200'0000'0000}},
                    {"nvidia,gpu-mem-size", std::uint64_t{0x17'E4F0'0000}},
                    {"nvidia,gpu-mem-pxm-start", std::uint64_t{8}},
                    {"nvidia,gpu-mem-pxm-count", std::uint64_t{8}}};
  return dsd;
}

inline PciFunction gh200_function() {
  PciFunction pci;
  pci.address = kGh200Address;
  pci.vendor = 0x10DE;
  pci.device = 0x2342;
  pci.subsystem_vendor = 0x10DE;
  pci.subsystem_device = 0x16EB;
  pci.class_code = 0x030200;
  pci.modalias = "pci:v000010DEd00002342sv000010DEsd000016EBbc03sc02i00";
  pci.bars = {{0, 0x6610'0200'0000, 16 * kMiB, 0x14220C},
              {2, 0x6620'0000'0000, 128 * kGiB, 0x14220C},
              {4, 0x6610'0000'0000, 32 * kMiB, 0x14220C}};
  pci.numa_node = 0;
  pci.iommu_group = 19;
  pci.smmu = "smmu3.0x0000000005000000";
  pci.acpi_path = kGh200AcpiPath;
  pci.power_state = "D0";
  pci.upstream = {{9, 0, 0, 0}};
  pci.config = PciConfig{};
  pci.config->extended_readable = true;
  return pci;
}

// Firmware of generation B: eight generic initiators beside the placeholders.
inline Srat gh200_srat() {
  Srat srat;
  srat.pxm_order = {0, 8, 9, 10, 11, 12, 13, 14, 15};
  srat.cpu_pxms = {0};
  srat.memory = {{0, 0x8000'0000, 0x77'8000'0000, true, false}};
  for (std::uint32_t pxm = 8; pxm < 16; ++pxm) {
    srat.memory.push_back({pxm, 0, 0, true, true});
    srat.generic_initiators.push_back({pxm, kGh200Address, true, false});
  }
  return srat;
}

// 10 to oneself, 80 between CPU and GPU, `within` between the GPU's domains.
inline Slit gh200_slit(std::uint8_t within = 11) {
  Slit slit;
  slit.localities = 16;
  slit.distances.assign(std::size_t{16} * 16, 255);
  for (std::size_t from = 0; from < 16; ++from) {
    for (std::size_t to = 8; to < 16; ++to) {
      slit.distances[from * 16 + to] = from >= 8 ? within : 255;
    }
    slit.distances[from * 16 + from] = 10;
  }
  for (std::size_t pxm = 8; pxm < 16; ++pxm) {
    slit.distances[pxm] = 80;
    slit.distances[pxm * 16] = 80;
  }
  return slit;
}

inline NumaFacts gh200_numa(unsigned within = 11) {
  NumaFacts numa;
  numa.online = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  numa.possible = numa.online;
  numa.generic_initiators = std::vector<unsigned>{1, 2, 3, 4, 5, 6, 7, 8};
  for (const unsigned id : numa.online) {
    NumaNode node;
    node.id = id;
    for (const unsigned to : numa.online) {
      const bool cpu = id == 0 || to == 0;
      node.distances.push_back(to == id ? 10 : (cpu ? 80 : within));
    }
    numa.nodes.push_back(node);
  }
  for (unsigned cpu = 0; cpu < 72; ++cpu) {
    numa.nodes[0].cpus.push_back(cpu);
  }
  numa.nodes[0].memory_bytes = 490037 * kMiB;
  return numa;
}

inline HostSnapshot gh200_host() {
  HostSnapshot host;
  host.live = false;
  host.gpus = {gh200_function()};
  host.iommu_groups[19] = {19, "DMA", {gh200_function()}, {}, {}};
  host.acpi.tables = {{"SSDT3", "SSDT", "NVIDIA", "TH500", 0x400, true},
                      {"SRAT", "SRAT", "NVIDIA", "TH500", 0x600, true},
                      {"SLIT", "SLIT", "NVIDIA", "TH500", 0x12C, true}};
  host.acpi.dsds = {gh200_dsd()};
  host.acpi.srat = gh200_srat();
  host.acpi.slit = gh200_slit();
  host.numa = gh200_numa();
  host.system_ram = {{0x8000'0000, 0x77'FFFF'FFFF, "System RAM"}};
  host.modules.vfio_aliases = {
      {"v000010DEd00002342sv*sd*bc*sc*i*", "nvgrace_gpu_vfio_pci"},
      {"v*d*sv*sd*bc*sc*i*", "vfio_pci"}};
  host.modules.variant_files = {
      "kernel/drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko"};
  host.modules.alias_file_found = true;
  host.kernel.release = "6.17.0";
  host.kernel.machine = {"aarch64", Source::procfs};
  host.kernel.page_size = Fact<std::uint64_t>{64 * kKiB, Source::kernel};
  host.kernel.config = {{"CONFIG_VFIO_PCI_CORE", "m"},
                        {"CONFIG_NODES_SHIFT", "6"}};
  host.kernel.config_file = "/boot/config-6.17.0";
  auto& virtualization = host.virtualization;
  virtualization.dev_kvm = true;
  virtualization.dev_vfio = true;
  virtualization.dev_iommu = true;
  virtualization.kvm_cacheable_pfnmap = Fact{true, Source::capture};
  virtualization.libvirt = Fact{Version{12, 8, 0}, Source::capture};
  virtualization.qemu = Fact{Version{11, 1, 2}, Source::capture};
  return host;
}

// The same machine with firmware from before December 2024: no generic
// initiators, and 255 between the GPU's own domains.
inline HostSnapshot gh200_generation_a_host() {
  auto host = gh200_host();
  host.acpi.srat->generic_initiators.clear();
  host.acpi.slit = gh200_slit(255);
  host.numa = gh200_numa(255);
  host.numa.generic_initiators = std::vector<unsigned>{};
  return host;
}

inline std::vector<Gpu> assemble(const HostSnapshot& host) {
  return assemble_gpus(host, DeviceTable::shipped());
}

// The one GPU of a host.
inline Gpu only_gpu(const HostSnapshot& host) {
  return assemble(host).at(0);
}

// "NVG-E012: nvidia,gpu-mem-base-pa is absent, …", in the GPU's order.
inline std::vector<std::string> said(const Gpu& gpu) {
  std::vector<std::string> lines;
  for (const auto& found : gpu.findings) {
    lines.push_back(std::string(found.reason->id) + ": " + found.detail);
  }
  return lines;
}

}  // namespace nvgpuctl
