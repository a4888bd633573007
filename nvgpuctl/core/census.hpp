// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pci_address.hpp"
#include "core/process_owner.hpp"

// Who uses the GPUs of a host: what one look at /proc and /sys gave, before
// anything is concluded from it. Filled by host/census.

namespace nvgpuctl {

// A process that has something to do with a GPU of any kind.
struct ProcessFacts {
  unsigned pid = 0;
  std::string command;                 // comm: at most 15 bytes
  std::vector<std::string> arguments;  // empty when there are too many
  ProcessOwner owner;
  std::vector<std::string> open;    // device nodes, each once
  std::vector<std::string> mapped;  // nvidia's libraries and device nodes
  // Functions whose VFIO device it has open without saying so by a name;
  // nothing where the kernel does not tell which (before Linux 6.18).
  std::vector<std::optional<PciAddress>> vfio_devices;
  bool kvm = false;  // it has a virtual machine of KVM's
};

struct ModuleUse {
  std::string name;
  unsigned references = 0;           // refcnt
  std::vector<std::string> holders;  // modules that need it
};

// Device nodes of one GPU, beside those of VFIO.
struct GpuNodeNames {
  std::optional<unsigned> nvidia_minor;  // N of /dev/nvidiaN
  std::vector<std::string> dri;          // "card1", "renderD129"
};

// The greatest number of a memory block that is believed: 128 TiB of the
// smallest blocks, which are of 128 MiB.
constexpr unsigned kMaxMemoryBlock = 1U << 20U;

// Memory blocks of a NUMA node that are online, by number.
struct OnlineBlocks {
  std::vector<unsigned> movable;  // in ZONE_MOVABLE
  std::vector<unsigned> other;    // in a zone that can rarely be offlined

  bool empty() const { return movable.empty() && other.empty(); }
  friend bool operator==(const OnlineBlocks&, const OnlineBlocks&) = default;
};

struct RunningDomain {
  std::string name;
  std::vector<PciAddress> devices;
};

struct Census {
  std::vector<ProcessFacts> processes;
  // Processes whose files could not be looked at.
  unsigned unseen = 0;
  std::vector<ModuleUse> modules;
  std::map<PciAddress, GpuNodeNames> nodes;
  std::map<unsigned, OnlineBlocks> memory;  // by NUMA node
  // Whether there was any process to look at: most captures have none, and that
  // is not the same as that nobody uses a GPU.
  bool has_processes = false;
  // What libvirt says, where it was asked.
  std::vector<RunningDomain> domains;
  std::string libvirt_problem;  // why it did not answer
};

// Files that a process can have open or mapped and that matter here.
bool is_gpu_node(std::string_view path);
bool is_nvidia_library(std::string_view path);

// What stands in a line of /proc/PID/maps behind the address, the inode and so
// on; "" when nothing is named.
std::string_view mapped_path(std::string_view maps_line);

// The function that a line "vfio-device-syspath: …" of /proc/PID/fdinfo/N
// names.
std::optional<PciAddress> vfio_device_of(std::string_view fdinfo);

// Whether a descriptor was opened with O_PATH, by its /proc/PID/fdinfo/N: it
// names a file and does not have it open. udev makes one to set the owner of
// a node, just when a driver has made the node.
bool only_names_file(std::string_view fdinfo);

}  // namespace nvgpuctl
