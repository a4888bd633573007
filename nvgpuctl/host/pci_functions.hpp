// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "base/result.hpp"
#include "core/host_snapshot.hpp"
#include "host/pci_library.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

enum class TagUse {
  trust,   // devices that our udev rule tagged are all there are
  ignore,  // ask every PCI function for its vendor
};

// Addresses of NVIDIA's display functions (vendor 10de, class 03xxxx), sorted.
// On the live host libudev is asked: for our tag, and by vendor and class when
// nothing is tagged; in a capture the tree is read.
Result<std::vector<PciAddress>> find_nvidia_gpus(const RootDir& root,
                                                 TagUse tags);

// Ids, class, and driver of a function: what group members are known by.
// Error: not_found when there is no such function.
Result<PciFunction> read_pci_identity(const RootDir& root,
                                      const PciAddress& address);

// Everything about one function. Attributes that are missing stay empty;
// unusable ones are named in `problems`.
Result<PciFunction> read_pci_function(const RootDir& root, PciLibrary& library,
                                      const PciAddress& address);

// The group's functions and properties.
IommuGroup read_iommu_group(const RootDir& root, unsigned number);

}  // namespace nvgpuctl
