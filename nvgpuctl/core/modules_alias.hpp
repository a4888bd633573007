// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nvgpuctl {

// A line "alias vfio_pci:PATTERN MODULE" of modules.alias: MODULE is a VFIO
// variant driver for the devices that PATTERN matches.
struct VfioAlias {
  std::string pattern;  // "v000010DEd00002342sv*sd*bc*sc*i*"
  std::string module;

  friend bool operator==(const VfioAlias&, const VfioAlias&) = default;
};

// All such lines, in file order. Other lines are skipped without being looked
// at closely: the file holds tens of thousands.
std::vector<VfioAlias> parse_vfio_aliases(std::string_view modules_alias);

// The aliases that match a device's sysfs modalias ("pci:v000010DEd…"), best
// first, as libvirt 10.0 and newer choose: fewest wildcards, then file order.
std::vector<VfioAlias> match_vfio_aliases(const std::vector<VfioAlias>& aliases,
                                          std::string_view modalias);

// The module of the best of those that is a variant driver: plain vfio_pci
// matches everything and is none.
std::optional<std::string> best_variant(const std::vector<VfioAlias>& aliases,
                                        std::string_view modalias);

// Files that provide `module` according to modules.dep, in file order; '-' and
// '_' are the same in module names.
std::vector<std::string> find_module_files(std::string_view modules_dep,
                                           std::string_view module);

// The host's drivers for NVIDIA's GPUs in it, by the kernel's names, sorted.
std::vector<std::string> find_host_drivers(std::string_view modules_dep);

}  // namespace nvgpuctl
