// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/gpu.hpp"
#include "core/selector.hpp"
#include "ops/read_host.hpp"

namespace nvgpuctl {

// A host read once, and its GPUs.
struct Inventory {
  HostSnapshot host;
  std::vector<Gpu> gpus;  // by address
  // NVIDIA GPUs that are no Grace GPUs, with the reason in a sentence.
  std::vector<std::pair<PciAddress, std::string>> others;
  std::vector<std::string> models;  // names that a GPU can have here
};

// Nothing when there is no Grace GPU at the address.
const Gpu* find_gpu(const Inventory& inventory, const PciAddress& address);

Result<Inventory> take_inventory(const RootDir& root, const HostNeeds& needs);

// GPU → the libvirt domain that has it now, as far as that was looked at, or
// that a record of ours names.
std::map<PciAddress, std::string> domains_of(const RootDir& root,
                                             const std::vector<Gpu>& gpus);

// For select_gpus(). An address that is neither a Grace GPU nor another NVIDIA
// GPU is looked up on the host, so that "it is an Ethernet controller" can be
// said.
SelectorTargets selector_targets(const RootDir& root,
                                 const Inventory& inventory,
                                 std::span<const std::string> selectors);

}  // namespace nvgpuctl
