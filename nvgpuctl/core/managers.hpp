// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/census.hpp"
#include "core/pci_address.hpp"

// Who else gives GPUs to drivers on this host.

namespace nvgpuctl {

struct PciFunction;

// vfio-pci is told to take every device of an id, in the six numbers of
// vfio_pci_fill_ids() in Linux's vfio_pci.c.
struct VfioIdClaim {
  static constexpr std::uint32_t kAny = 0xFFFFFFFF;  // PCI_ANY_ID
  std::uint32_t vendor = kAny;
  std::uint32_t device = kAny;
  std::uint32_t subsystem_vendor = kAny;
  std::uint32_t subsystem_device = kAny;
  std::uint32_t class_code = 0;
  std::uint32_t class_mask = 0;  // which bits of the class count
  std::string text;              // "10de:2342", as it was written
  std::string place;  // "/proc/cmdline", "/etc/modprobe.d/vfio.conf:3"

  bool fits(const PciFunction& function) const;

  friend bool operator==(const VfioIdClaim&, const VfioIdClaim&) = default;
};

// A domain that has a function with managed='yes': libvirt changes its driver.
struct ManagedHostdev {
  std::string domain;
  PciAddress address;
};

struct ManagerFacts {
  std::map<PciAddress, std::string> driverctl;  // what is in its folder
  std::vector<VfioIdClaim> vfio_ids;
  std::vector<ManagedHostdev> managed;
};

// vfio-pci.ids=10de:2342,… of the kernel's command line.
std::vector<VfioIdClaim> vfio_ids_of_command_line(std::string_view text);

// "options vfio-pci ids=10de:2342" of a file below modprobe.d.
std::vector<VfioIdClaim> vfio_ids_of_modprobe(std::string_view text,
                                              const std::string& path);

// The functions that a domain's XML has with managed='yes'.
std::vector<PciAddress> managed_functions(std::string_view xml);

// The name of a program that changes drivers of GPUs by itself; "" for others.
std::string_view agent_name(const ProcessFacts& process);

// Whether a process of this name has to be asked for its arguments to know.
bool may_be_agent(std::string_view command);

}  // namespace nvgpuctl
