// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "core/fact.hpp"
#include "core/guest_room.hpp"
#include "core/pci_address.hpp"
#include "core/version.hpp"

// What a domain is generated from, and what comes out: values only.

namespace nvgpuctl {

enum class Profile { native, hybrid, legacy };
std::string_view to_string(Profile profile);

enum class Viommu { none, smmuv3, accel };
std::string_view to_string(Viommu viommu);

// One GPU as the generator needs it.
struct GuestGpu {
  PciAddress address;
  std::string model;                   // for comments
  Fact<std::uint64_t> aperture_bytes;  // sum of its 64-bit BARs as the guest
                                       // will see them
  Fact<std::uint64_t> largest_bar;     // bytes
  unsigned gi_nodes = 8;
  std::optional<std::string> smmu;  // physical SMMU; equal names share one
  unsigned socket = 0;              // which CPU cell is local: 0, 1, …
  bool managed = false;             // by libvirt
  // Host distances by source; nothing where the host gives no sane value.
  std::optional<Fact<unsigned>> distance_to_local_cpu;
  std::optional<Fact<unsigned>> distance_to_remote_cpu;
  std::optional<Fact<unsigned>> distance_within;    // between its own nodes
  std::optional<Fact<unsigned>> distance_to_peers;  // to other GPUs' nodes
};

struct DomainRequest {
  std::vector<GuestGpu> gpus;
  // Other GPUs that the guest has already: they need room in the window, too.
  std::vector<GuestGpu> more_gpus;
  // Host CPU nodes that the guest gets a cell for, one per socket in use.
  struct CpuCell {
    unsigned host_node = 0;
    std::uint64_t host_bytes = 0;  // of memory that the node has; 0: not known
  };
  std::vector<CpuCell> cpu_cells;
  std::uint64_t host_bytes = 0;  // of memory that guests can have; 0: not known
  std::uint64_t huge_page_bytes = 512 * kMiB;  // where only "huge" is said
  std::optional<Fact<unsigned>> distance_between_cpus;
  std::string name = "grace-guest";
  unsigned vcpus = 16;
  std::uint64_t memory_bytes = 0;  // of the whole guest
  Profile profile = Profile::native;
  Viommu viommu = Viommu::none;
  bool iommufd = false;
  bool whole_domain = false;
  std::string driver_model = "nvgrace_gpu_vfio_pci";
  Fact<Version> libvirt;
  Fact<Version> qemu;
  GuestRoom room;  // of the domain that all this is merged into
};

// A value of the result with its origin, for comments and JSON.
struct DomainValue {
  std::string name;  // "pcihole64", "cells[1-8]", "distance cpu-gpu"
  std::string value;
  Source source = Source::assumed;
  std::string note;  // "SLIT says 255, which libvirt cannot use"; may be empty
};

struct GeneratedDomain {
  std::string xml;  // whole domain or <nvgpuctl:fragment>
  // The fragment's parts by place: "iommufd", "numa", "devices", "features",
  // "qemu:commandline", "qemu:override"; only those that are not empty.
  std::vector<std::pair<std::string, std::string>> parts;
  std::vector<DomainValue> values;
  std::vector<std::string> warnings;
};

}  // namespace nvgpuctl
