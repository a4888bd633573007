// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/pci_address.hpp"

namespace nvgpuctl {

// Every PCI address that could be the source of a <hostdev> in a domain's XML,
// found without an XML parser: it takes an address of the guest, or one in a
// comment, for one as well, but misses none. Nothing when the text is not plain
// enough to be sure of that; no address when there is no <hostdev> at all.
//
// The hook runs at the start of every domain of a host, and most have no GPU of
// ours; a parser costs more than looking at these few functions.
std::optional<std::vector<PciAddress>> addresses_in(std::string_view xml);

}  // namespace nvgpuctl
