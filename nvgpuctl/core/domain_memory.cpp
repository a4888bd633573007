// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/domain_memory.hpp"

#include <algorithm>

namespace nvgpuctl {
namespace {

std::uint64_t memory_of_cells(const Domain& domain) {
  std::uint64_t sum = 0;
  for (const DomainCell& cell : domain.cells) {
    sum += std::min(cell.memory_bytes.value_or(0), UINT64_MAX - sum);
  }
  return sum;
}

}  // namespace

// As virDomainDefPostParseMemory() has it.
std::optional<std::uint64_t> total_memory(const Domain& domain) {
  std::uint64_t sum = memory_of_cells(domain);
  if (sum == 0) {
    return domain.memory_bytes;
  }
  for (const DomainMemoryDevice& device : domain.memory_devices) {
    sum += std::min(device.size_bytes.value_or(0), UINT64_MAX - sum);
  }
  return sum;
}

// As virDomainDefGetMemoryInitial() has it.
std::optional<std::uint64_t> memory_for_cells(const Domain& domain) {
  if (const std::uint64_t sum = memory_of_cells(domain); sum > 0) {
    return sum;
  }
  auto left = domain.memory_bytes;
  for (const DomainMemoryDevice& device : domain.memory_devices) {
    left = left ? std::optional(*left -
                                std::min(*left, device.size_bytes.value_or(0)))
                : left;
  }
  return left;
}

// As qemuBuildMemoryBackendProps() chooses it.
std::optional<std::uint64_t> huge_page_of(const Domain& domain, unsigned cell,
                                          std::optional<std::uint64_t> usual) {
  if (!domain.has_huge_pages) {
    return std::nullopt;
  }
  auto size = domain.huge_pages.empty() ? usual : std::nullopt;
  for (const DomainHugePage& page : domain.huge_pages) {
    if (page.cells && std::ranges::binary_search(*page.cells, cell)) {
      return page.size_bytes;
    }
    size = page.cells ? size : page.size_bytes;
  }
  return size;
}

std::uint64_t largest_huge_page(const Domain& domain, std::uint64_t usual) {
  if (!domain.has_huge_pages) {
    return 0;
  }
  std::uint64_t largest = domain.huge_pages.empty() ? usual : 0;
  for (const DomainHugePage& page : domain.huge_pages) {
    largest = std::max(largest, page.size_bytes);
  }
  return largest;
}

}  // namespace nvgpuctl
