// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/acpi_dsd.hpp"
#include "core/acpi_numa.hpp"
#include "core/census.hpp"
#include "core/fact.hpp"
#include "core/hung_write.hpp"
#include "core/managers.hpp"
#include "core/modules_alias.hpp"
#include "core/pci_address.hpp"
#include "core/pci_config.hpp"
#include "core/version.hpp"

// Everything that was read of a host in one run, before anything is concluded
// from it. Filled by ops/read_host; plain data, no promises, no I/O.

namespace nvgpuctl {

// One line of the sysfs file `resource`.
struct PciBar {
  unsigned index = 0;  // 0 to 5
  std::uint64_t start = 0;
  std::uint64_t size = 0;   // bytes
  std::uint64_t flags = 0;  // IORESOURCE_*, <linux/ioport.h>

  // Whether it has an address: pci_enable_resources() of Linux refuses a
  // function with a BAR that has none.
  bool is_assigned() const {
    constexpr std::uint64_t kDisabled = 0x10000000;  // IORESOURCE_DISABLED
    constexpr std::uint64_t kUnset = 0x20000000;     // IORESOURCE_UNSET
    return start != 0 && (flags & (kDisabled | kUnset)) == 0;
  }
};

struct PciFunction {
  PciAddress address;
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem_device = 0;
  std::uint32_t class_code = 0;  // 24 bits
  std::string modalias;
  std::vector<PciBar> bars;  // of size > 0
  std::optional<std::string> driver;
  std::optional<std::string> driver_override;  // nothing when not set
  std::optional<HungWrite> hung;      // then driver_override is not known
  std::optional<unsigned> numa_node;  // nothing for -1
  std::optional<unsigned> iommu_group;
  std::optional<std::string> smmu;       // "smmu3.0x0000000005000000"
  std::optional<std::string> acpi_path;  // firmware_node/path
  std::optional<std::string> vfio_dev;   // "vfio0"
  std::string reset_methods;
  std::string power_state;            // "D0", "D3hot", "unknown", …
  std::vector<PciAddress> upstream;   // bridges above it, root port first
  std::optional<PciConfig> config;    // nothing when unreadable
  std::string config_problem;         // why there is none
  std::vector<std::string> problems;  // attributes that could not be used
};

struct IommuGroup {
  unsigned number = 0;
  std::string type;  // "DMA", "DMA-FQ", "identity", "" when unreadable
  // Functions in it; only address, ids, class and driver are filled.
  std::vector<PciFunction> members;
  // Names of devices in it that are no PCI functions.
  std::vector<std::string> other_members;
  std::vector<std::string> direct_regions;  // reserved_regions of type direct
};

struct AcpiFacts {
  struct TableInfo {
    std::string name;
    std::string signature;
    std::string oem_id;
    std::string oem_table_id;
    std::uint32_t length = 0;
    bool checksum_ok = true;
  };
  std::vector<TableInfo> tables;
  std::vector<DeviceDsd> dsds;
  std::vector<AmlNote> notes;
  std::optional<Srat> srat;
  std::optional<Slit> slit;
  std::vector<std::string> unreadable;  // paths refused for lack of privilege
  // A GPU has an ACPI device, so there are tables, but no DSDT is to be seen:
  // a container masks the directory, or a capture left it out. It is then in
  // `unreadable`, too.
  bool hidden = false;
  std::vector<std::string> problems;  // tables that are damaged, with place
};

struct NumaNode {
  unsigned id = 0;
  std::vector<unsigned> cpus;
  std::uint64_t memory_bytes = 0;
  std::vector<unsigned> distances;  // to each online node, in node order
};

struct NumaFacts {
  std::vector<NumaNode> nodes;  // online ones, by id
  std::vector<unsigned> online;
  std::vector<unsigned> possible;
  std::optional<std::vector<unsigned>>
      generic_initiators;  // nothing: old kernel
};

// The variant driver of the kernel and of kmod/: module and sysfs name.
constexpr std::string_view kVariantDriver = "nvgrace_gpu_vfio_pci";

struct ModuleFacts {
  std::vector<VfioAlias> vfio_aliases;  // lines of modules.alias
  // Files, relative to the modules directory, that provide a module named
  // nvgrace_gpu_vfio_pci; the one that modprobe takes comes first.
  std::vector<std::string> variant_files;
  std::vector<std::string> loaded;  // of the modules that we care about;
                                    // also what is built in
  bool alias_file_found = false;
  // The parameter of the loaded variant driver; the kernel's own has none.
  std::optional<std::string> variant_layout;

  bool is_loaded(std::string_view module) const {
    return std::find(loaded.begin(), loaded.end(), module) != loaded.end();
  }
};

struct KernelFacts {
  std::string release;
  Fact<std::string> machine;                     // "aarch64"
  std::optional<Fact<std::uint64_t>> page_size;  // bytes
  std::map<std::string, std::string> config;     // CONFIG_… of interest
  std::string config_file;                       // "" when none was found
  std::string command_line;
};

struct VirtualizationFacts {
  bool dev_kvm = false;
  bool dev_vfio = false;   // /dev/vfio/vfio
  bool dev_iommu = false;  // /dev/iommu: IOMMUFD
  // KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED on a VM file descriptor.
  std::optional<Fact<bool>> kvm_cacheable_pfnmap;
  std::optional<Fact<Version>> libvirt;
  std::optional<Fact<Version>> qemu;
  std::string libvirt_problem;  // why its version is not known
  // Huge pages: size in bytes → configured and free.
  struct HugePages {
    std::uint64_t page_size = 0;
    std::uint64_t configured = 0;
    std::uint64_t free = 0;
  };
  std::vector<HugePages> huge_pages;
};

// A line of /proc/iomem. Both ends are inclusive.
struct IomemRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string name;  // "System RAM", "System RAM (NVIDIA)"
};

struct HostSnapshot {
  bool live = true;  // false: a capture
  // Functions of NVIDIA display class that device table or ranges call Grace
  // GPUs, by address.
  std::vector<PciFunction> gpus;
  // NVIDIA display functions that are no Grace GPU; ids only.
  std::vector<PciFunction> other_gpus;
  bool has_iommu = false;                       // one that has a driver
  std::map<unsigned, IommuGroup> iommu_groups;  // those of `gpus`
  AcpiFacts acpi;
  NumaFacts numa;
  // System RAM of any kind; empty without privilege, because the kernel then
  // prints zeroes.
  std::vector<IomemRange> system_ram;
  ModuleFacts modules;
  KernelFacts kernel;
  VirtualizationFacts virtualization;
  // Who uses and who manages the GPUs; nothing: not asked, or a capture
  // without any process.
  std::optional<Census> census;
  std::optional<ManagerFacts> managers;
  std::vector<std::string> problems;  // anything else that could not be read
};

}  // namespace nvgpuctl
