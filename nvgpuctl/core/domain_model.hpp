// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/pci_address.hpp"
#include "core/xml_place.hpp"

// What a libvirt domain says about the things that a Grace GPU needs, with the
// place of each. Plain values; nothing is judged. A value that is not there, or
// that libvirt could not read either, is empty; of the second kind
// Domain::problems speaks.

namespace nvgpuctl {

class XmlDocument;

struct DomainCell {
  XmlPlace place;
  unsigned id = 0;  // by position where it has none, as libvirt counts
  std::optional<std::vector<unsigned>> cpus;  // nothing: a cell without CPUs
  std::optional<std::uint64_t> memory_bytes;
  std::vector<std::pair<unsigned, unsigned>> distances;  // cell, value
};

struct DomainController {
  XmlPlace place;
  std::string type;  // "pci", "usb", "scsi", …
  std::optional<unsigned> index;
  std::string model;                // "pcie-expander-bus"
  std::optional<unsigned> bus_nr;   // <target busNr>
  std::optional<unsigned> chassis;  // <target chassis>
  std::optional<unsigned> node;     // <target><node>
  bool has_pcihole64 = false;
  std::optional<std::uint64_t> pcihole64_bytes;
  std::optional<PciAddress> address;  // in the guest; bus is a controller index
};

struct DomainHostdev {
  XmlPlace place;
  unsigned number = 0;  // as libvirt counts for aliases that it makes
  std::optional<PciAddress> source;  // of the host's function; PCI only
  std::string managed;               // "yes", "no", "" when not said
  std::string driver_name;           // "vfio"
  std::string driver_model;          // "nvgrace_gpu_vfio_pci"
  std::optional<XmlPlace> driver_place;
  std::string iommufd;  // "yes", "no", ""
  std::string alias;
  std::string rom_bar;                           // "on", "off", ""
  std::string nodeset_text;                      // <acpi nodeset>, as it stands
  std::optional<std::vector<unsigned>> nodeset;  // nothing: none, or unreadable
  std::optional<PciAddress> address;             // in the guest
};

// libvirt keeps aliases that begin so, and makes its own for the rest.
constexpr std::string_view kOwnAlias = "ua-";

struct DomainIommu {
  XmlPlace place;
  std::string model;  // "smmuv3", "virtio", …
  std::string alias;
  std::optional<unsigned> pci_bus;
  XmlPlace driver_place;  // of <driver>, or of the device where there is none
  // Attributes of <driver> as they stand, pciBus among them.
  std::vector<std::pair<std::string, std::string>> driver;
};

struct DomainHugePage {
  XmlPlace place;
  std::uint64_t size_bytes = 0;
  std::optional<std::vector<unsigned>> cells;  // nothing: all
};

struct DomainPin {
  XmlPlace place;
  unsigned vcpu = 0;
  std::vector<unsigned> host_cpus;
};

struct DomainMemnode {
  XmlPlace place;
  unsigned cell = 0;
  std::string mode;
  std::vector<unsigned> host_nodes;
};

struct DomainArgument {
  XmlPlace place;
  std::string value;
};

// <qemu:override>: one property of one device.
struct DomainOverride {
  XmlPlace place;
  std::string alias;
  std::string property;
  std::string value;
};

struct DomainMemoryDevice {
  XmlPlace place;
  std::string model;  // "dimm", "nvdimm", "egm" in NVIDIA's libvirt, …
  std::optional<std::uint64_t> size_bytes;  // <target><size>
};

// A PCI address that some device of the guest has.
struct DomainPciUse {
  XmlPlace place;
  PciAddress address;
  bool emulated = false;  // neither passed through, nor maybe so, nor a bridge
};

struct DomainProblem {
  XmlPlace place;
  std::string text;  // "slot '0x40' is not a number from 0 to 0x1f"
};

struct Domain {
  XmlPlace place;
  std::string type;  // "kvm", "qemu", "lxc", …
  std::string name;
  std::string uuid;
  std::string arch;     // "aarch64"; "" where the host's is meant
  std::string machine;  // "virt", "virt-11.1"
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> hard_limit_bytes;  // <memtune>
  XmlPlace hard_limit_place;
  unsigned vcpus = 0;  // the most it can have
  // For vCPUs without a pin of their own: <vcpu cpuset=>.
  std::optional<std::vector<unsigned>> vcpu_host_cpus;
  XmlPlace vcpu_place;
  // How many vCPUs a core, a cluster, a die and a socket have (<topology>), the
  // smallest first; only those of more than one.
  std::vector<std::uint64_t> vcpu_groups;
  bool acpi = false;
  bool firmware = false;  // <os firmware=> or <loader>: UEFI
  std::string gic_version;
  bool has_cpu_numa = false;
  std::vector<DomainCell> cells;
  std::vector<DomainController> controllers;
  std::vector<DomainHostdev> hostdevs;  // those of PCI
  std::vector<DomainIommu> iommus;
  bool iommufd = false;  // <iommufd enabled='yes'> of the domain
  std::optional<XmlPlace> iommufd_place;
  bool has_huge_pages = false;  // also those of the host's default size
  std::vector<DomainHugePage> huge_pages;
  std::vector<DomainPin> pins;
  std::optional<std::vector<unsigned>> numatune_nodes;  // <memory nodeset>
  std::string numatune_mode;                            // of the same
  XmlPlace numatune_place;
  std::vector<DomainMemnode> memnodes;
  std::vector<DomainMemoryDevice> memory_devices;
  std::vector<DomainArgument> qemu_arguments;
  std::vector<DomainOverride> overrides;
  std::vector<DomainPciUse> pci_uses;
  std::vector<DomainProblem> problems;
};

// `name` stands in messages. Errors (malformed): no XML, or no <domain>.
Result<Domain> read_domain(std::string_view text, const std::string& name);
Result<Domain> read_domain(const XmlDocument& document,
                           const std::string& name);

}  // namespace nvgpuctl
