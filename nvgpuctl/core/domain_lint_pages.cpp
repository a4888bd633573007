// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/cell_distances.hpp"
#include "core/domain_lint_rules.hpp"
#include "core/domain_memory.hpp"
#include "core/guest_facts.hpp"

// Huge pages: whether the host has them, and enough of them.

namespace nvgpuctl {
namespace {

using Ids = std::set<unsigned>;

// Cells that pages are named for.
Ids named_cells(const Domain& domain) {
  Ids cells;
  for (const DomainHugePage& page : domain.huge_pages) {
    if (page.cells) {
      cells.insert(page.cells->begin(), page.cells->end());
    }
  }
  return cells;
}

std::uint64_t memory_of(const Domain& domain, const Ids& cells) {
  std::uint64_t bytes = 0;
  for (const DomainCell& cell : domain.cells) {
    if (cells.contains(cell.id)) {
      bytes += std::min(cell.memory_bytes.value_or(0), UINT64_MAX - bytes);
    }
  }
  return bytes;
}

// What is to be in these pages: their own cells, or all that is in no others.
std::uint64_t memory_in(const Domain& domain, const DomainHugePage& page,
                        const Ids& named) {
  const std::uint64_t all = total_memory(domain).value_or(0);
  if (domain.cells.empty()) {
    return all;
  }
  return page.cells
             ? memory_of(domain, Ids(page.cells->begin(), page.cells->end()))
             : all - std::min(all, memory_of(domain, named));
}

std::string sizes_text(
    const std::vector<VirtualizationFacts::HugePages>& pools) {
  std::string text;
  for (const auto& pool : pools) {
    text += (text.empty() ? "" : ", ") + human_size(pool.page_size);
  }
  return text;
}

void judge_page(const LintInput& input, const DomainHugePage& page,
                const Ids& named, LintWriter& out) {
  const auto& pools = input.host().virtualization.huge_pages;
  const auto pool = std::ranges::find(
      pools, page.size_bytes, &VirtualizationFacts::HugePages::page_size);
  if (pool == pools.end()) {
    out.add("hugepage-size", page.place,
            {sizes_text(pools), human_size(page.size_bytes),
             "one of these; what there is follows from the kernel's page"});
    return;
  }
  const std::uint64_t memory = memory_in(input.domain, page, named);
  if (pool->configured < memory / page.size_bytes) {
    out.add("hugepage-few", page.place,
            {fmt::format("{} pages", memory / page.size_bytes),
             fmt::format("{} configured", pool->configured),
             fmt::format("hugepagesz={}M hugepages=… on the host's command "
                         "line",
                         page.size_bytes / kMiB)});
  }
}

// QEMU refuses a memory backend that is no whole number of its pages.
void judge_part(const XmlPlace& place, std::uint64_t page, std::uint64_t bytes,
                LintWriter& out) {
  if (page > 0 && bytes % page != 0) {
    out.add(
        "hugepage-part", place,
        {fmt::format("a multiple of {}", human_size(page)),
         fmt::format("{} pages and {}", bytes / page, human_size(bytes % page)),
         "whole pages, as nvgpuctl xml merge makes cells; the rest fits "
         "into another cell, or needs smaller pages"});
  }
}

}  // namespace

void lint_pages(const LintInput& input, LintWriter& out) {
  const Domain& domain = input.domain;
  if (domain.cells.size() > kMaxCells) {
    return;
  }
  const Ids named = named_cells(domain);
  const auto& base = input.host().kernel.page_size;
  const auto is_ordinary = [&](std::uint64_t size) {
    return base && base->value == size;
  };
  for (const DomainHugePage& page : domain.huge_pages) {
    if (!input.host().virtualization.huge_pages.empty() &&
        !is_ordinary(page.size_bytes)) {
      judge_page(input, page, named, out);
    }
  }
  const auto usual = usual_huge_page(input.host());
  const auto judge = [&](const XmlPlace& place, unsigned cell,
                         std::optional<std::uint64_t> bytes) {
    const auto page = huge_page_of(domain, cell, usual);
    if (page && !is_ordinary(*page)) {
      judge_part(place, *page, bytes.value_or(0), out);
    }
  };
  if (domain.cells.empty()) {
    judge(domain.place, 0, memory_for_cells(domain));
  }
  for (const DomainCell& cell : domain.cells) {
    judge(cell.place, cell.id, cell.memory_bytes);
  }
}

}  // namespace nvgpuctl
