// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "core/domain_model.hpp"

// How much memory a domain has, as libvirt counts, and in which pages.

namespace nvgpuctl {

// The sum of its cells and memory devices; where no cell has any, <memory>.
// Nothing where neither is said.
std::optional<std::uint64_t> total_memory(const Domain& domain);

// The same without memory devices, which libvirt counts into <memory>. 0 where
// they are as much or more.
std::optional<std::uint64_t> memory_for_cells(const Domain& domain);

// The huge pages that a cell's memory is in; nothing for ordinary ones. `usual`
// is the size of those without one (<hugepages/>).
std::optional<std::uint64_t> huge_page_of(const Domain& domain, unsigned cell,
                                          std::optional<std::uint64_t> usual);

// The largest of all its pages; 0 where it has no huge ones.
std::uint64_t largest_huge_page(const Domain& domain, std::uint64_t usual);

}  // namespace nvgpuctl
