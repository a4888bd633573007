// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/pci_address.hpp"

namespace nvgpuctl {

// What may be selected and, for good messages, what is there but may not.
struct SelectorTargets {
  std::vector<PciAddress> gpus;
  // Other functions with the reason why they are none, "10de:2330 is no Grace
  // GPU".
  std::vector<std::pair<PciAddress, std::string>> others;
};

// Indices into `targets.gpus`, ascending, each once. A selector is an address
// in any form of parse_pci_address(), an address without its domain or
// function as far as it is unambiguous ("01:00.0", "0009:01:00"), or a glob
// over the full address ("0009:*"). Errors: no_such_gpu when one matches
// nothing (listing what there is), usage when a plain address is ambiguous
// (listing the candidates) or the text is no selector at all.
Result<std::vector<std::size_t>> select_gpus(
    const SelectorTargets& targets, std::span<const std::string> selectors);

}  // namespace nvgpuctl
