// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "cli/gpu_facts.hpp"
#include "cli/layout.hpp"
#include "cli/output_text.hpp"
#include "cli/wording.hpp"
#include "core/gpu_grounds.hpp"
#include "core/gpu_use.hpp"

namespace nvgpuctl::cli {
namespace {

Style severity_style(Severity severity) {
  switch (severity) {
    case Severity::error:
      return Style::bad;
    case Severity::warning:
      return Style::warn;
    case Severity::info:
      break;
  }
  return Style::plain;
}

// What a cell of the table says where the value is a number of bytes.
std::string size_cell(const std::optional<Fact<std::uint64_t>>& size) {
  return size ? human_size(size->value) : "";
}

std::string region_cell(const std::optional<RegionPlan>& plan,
                        std::optional<MemoryRegion> RegionPlan::*part) {
  if (!plan || !((*plan).*part)) {
    return "";
  }
  const MemoryRegion& region = *((*plan).*part);
  return fmt::format("{} BAR{}", human_size(region.size), region.bar);
}

// "memory dsd, nodes srat".
std::string sources_cell(const Gpu& gpu) {
  std::vector<std::string> sources;
  if (gpu.memory_size) {
    sources.push_back(
        fmt::format("memory {}", to_string(gpu.memory_size->source)));
  }
  if (gpu.gi_nodes) {
    sources.push_back(fmt::format("nodes {}", to_string(gpu.gi_nodes->source)));
  }
  return fmt::format("{}", fmt::join(sources, ", "));
}

std::string number(const std::optional<unsigned>& value) {
  return value ? fmt::format("{}", *value) : "";
}

// A titled block of "key  value" lines.
void print_block(Context& context, std::string_view title,
                 const KeyValues& rows) {
  context.out << "\n  " << paint(context, title, Style::strong) << '\n';
  print_key_values(context, rows, 4);
}

KeyValues with_sources(const std::vector<GpuFact>& facts) {
  KeyValues rows;
  for (const auto& fact : facts) {
    rows.emplace_back(fact.name, fact.firmware && !fact.value.empty()
                                     ? fmt::format("{} ({})", fact.value,
                                                   to_string(fact.source))
                                     : fact.value);
  }
  return rows;
}

// Who uses it, and how to free it.
KeyValues use_rows(const Gpu& gpu) {
  KeyValues rows;
  for (const auto& holder : *gpu.holders) {
    rows.emplace_back(std::string(to_string(holder.kind)), to_string(holder));
  }
  std::size_t number = 0;
  for (const auto& item : stop_order(gpu)) {
    rows.emplace_back(fmt::format("to free it, {}.", ++number), item);
  }
  return rows;
}

// "qemu-system-aar (4242), 2 more".
std::string holders_cell(const Gpu& gpu) {
  if (!gpu.holders || gpu.holders->empty()) {
    return "";
  }
  const auto& first = gpu.holders->front();
  std::string text = what_to_stop(first);
  if (gpu.holders->size() > 1) {
    text += fmt::format(", {} more", gpu.holders->size() - 1);
  }
  return text;
}

void print_finding(Context& context, const Finding& finding) {
  const Reason& reason = *finding.reason;
  context.out << "\n  "
              << paint(context, fmt::format("{} {}", reason.id, reason.name),
                       severity_style(reason.severity))
              << " (" << to_string(reason.severity) << ")\n";
  const auto line = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) {
      print_prose(context.out, context.width, fmt::format("    {:<10}", label),
                  text);
    }
  };
  line("what", reason.summary);
  line("seen", finding.detail);
  line("evidence", finding.evidence);
  line("remedy", reason.remedy);
}

}  // namespace

void print_gpu_table(Context& context, const std::vector<Gpu>& gpus) {
  const bool wide = context.format == Format::wide;
  std::vector<std::string> headings{"ADDRESS", "MODEL", "STATE", "DRIVER",
                                    "MEMORY",  "NODES", "GROUP"};
  if (wide) {
    headings.insert(headings.end(), {"BASE", "USABLE", "RESERVED", "SMMU",
                                     "SOURCES", "OVERRIDE", "USED BY"});
  }
  Table table(std::move(headings));
  for (const auto& gpu : gpus) {
    std::vector<Cell> row{
        {to_string(gpu.pci.address)},
        {gpu.model.name},
        {std::string(to_string(gpu.state)), style_of(gpu.state)},
        {gpu.pci.driver.value_or("")},
        {size_cell(gpu.memory_size)},
        {nodes_text(gpu)},
        {number(gpu.pci.iommu_group)}};
    if (wide) {
      row.push_back({gpu.memory_base ? hex(gpu.memory_base->value) : ""});
      row.push_back({region_cell(gpu.plan, &RegionPlan::usable)});
      row.push_back({region_cell(gpu.plan, &RegionPlan::reserved)});
      row.push_back({gpu.pci.smmu.value_or("")});
      row.push_back({sources_cell(gpu)});
      row.push_back({gpu.pci.driver_override.value_or("")});
      row.push_back({holders_cell(gpu)});
    }
    table.add(std::move(row));
  }
  table.print(context);
}

void print_gpu(Context& context, const HostSnapshot& host, const Gpu& gpu) {
  context.out << paint(context, to_string(gpu.pci.address), Style::strong)
              << "  " << printable(gpu.model.name) << "  "
              << paint(context, to_string(gpu.state), style_of(gpu.state))
              << '\n';
  for (const auto& [title, facts] : gpu_facts(host, gpu)) {
    print_block(context, title, with_sources(facts));
  }
  if (gpu.holders) {
    print_block(context, "Used by", {});
    if (gpu.holders->empty()) {
      context.out << "    nobody\n";
    }
    print_key_values(context, use_rows(gpu), 4);
  }
  KeyValues rows;
  for (const auto& finding : gpu.findings) {
    rows.emplace_back(finding.reason->id,
                      fmt::format("{} ({})", finding.reason->name,
                                  to_string(finding.reason->severity)));
  }
  if (!rows.empty()) {
    print_block(context, "Findings (see: nvgpuctl explain)", rows);
  }
}

void print_explanation(Context& context, const HostSnapshot& host,
                       const Gpu& gpu) {
  context.out << paint(context, verdict_sentence(gpu), style_of(gpu.state))
              << '\n';
  for (const auto& ground : grounds(host, gpu)) {
    print_prose(context.out, context.width, "  + ", ground);
  }
  for (const auto& finding : gpu.findings) {
    print_finding(context, finding);
  }
}

}  // namespace nvgpuctl::cli
