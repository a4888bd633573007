// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/output_text.hpp"
#include "cli/wording.hpp"
#include "core/gpu_grounds.hpp"
#include "core/gpu_use.hpp"

namespace nvgpuctl::cli {
namespace {

Style style_of(GpuState state) {
  switch (state) {
    case GpuState::ready:
    case GpuState::bound:
      return Style::good;
    case GpuState::unknown:
    case GpuState::degraded:
      return Style::warn;
    case GpuState::blocked:
    case GpuState::needs_operator:
      break;
  }
  return Style::bad;
}

Style style_of(Severity severity) {
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

std::string with_source(const std::string& text, Source source) {
  return fmt::format("{} ({})", text, to_string(source));
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

std::string region_text(const std::optional<MemoryRegion>& region) {
  if (!region) {
    return "";
  }
  return fmt::format("{} at {}, BAR{} of {}", size_text(region->size),
                     hex(region->base), region->bar,
                     human_size(region->bar_size));
}

KeyValues memory_rows(const Gpu& gpu) {
  KeyValues rows;
  rows.emplace_back("base", gpu.memory_base
                                ? with_source(hex(gpu.memory_base->value),
                                              gpu.memory_base->source)
                                : "");
  rows.emplace_back(
      "size", gpu.memory_size
                  ? fmt::format("{}, {} ({})", hex(gpu.memory_size->value),
                                human_size(gpu.memory_size->value),
                                to_string(gpu.memory_size->source))
                  : "");
  rows.emplace_back(
      "MIG erratum",
      with_source(
          gpu.erratum.value == MigErratum::present ? "present" : "fixed",
          gpu.erratum.source));
  if (gpu.plan) {
    rows.emplace_back("layout", to_string(gpu.plan->layout));
    rows.emplace_back("usable", region_text(gpu.plan->usable));
    rows.emplace_back("reserved", region_text(gpu.plan->reserved));
  }
  if (gpu.egm) {
    rows.emplace_back("EGM", fmt::format("{} at {}, proximity domain {}",
                                         size_text(gpu.egm->size),
                                         hex(gpu.egm->base), gpu.egm->pxm));
  }
  return rows;
}

KeyValues numa_rows(const Gpu& gpu) {
  KeyValues rows{{"CPU node", number(gpu.cpu_node)}};
  rows.emplace_back(
      "GPU nodes",
      gpu.gi_nodes ? with_source(nodes_text(gpu), gpu.gi_nodes->source) : "");
  if (gpu.gi_nodes && !gpu.gi_nodes->pxms.empty()) {
    rows.emplace_back("proximity domains",
                      fmt::format("{}", fmt::join(gpu.gi_nodes->pxms, ", ")));
  }
  return rows;
}

KeyValues iommu_rows(const HostSnapshot& host, const Gpu& gpu) {
  KeyValues rows{{"group", number(gpu.pci.iommu_group)},
                 {"SMMU", gpu.pci.smmu.value_or("")}};
  if (!gpu.pci.iommu_group) {
    return rows;
  }
  const auto group = host.iommu_groups.find(*gpu.pci.iommu_group);
  if (group == host.iommu_groups.end()) {
    return rows;
  }
  rows.emplace_back("type", group->second.type);
  for (const auto& member : group->second.members) {
    if (member.address != gpu.pci.address) {
      rows.emplace_back(
          "also in the group",
          fmt::format("{} {}, driver {}", to_string(member.address),
                      id_text(member.vendor, member.device),
                      member.driver.value_or("none")));
    }
  }
  return rows;
}

KeyValues pci_rows(const PciFunction& pci) {
  KeyValues rows{
      {"device",
       fmt::format("{}, subsystem {}", id_text(pci.vendor, pci.device),
                   id_text(pci.subsystem_vendor, pci.subsystem_device))},
      {"ACPI path", pci.acpi_path.value_or("")},
      {"power state", pci.power_state},
      {"reset methods", pci.reset_methods}};
  std::vector<std::string> bridges;
  for (const auto& bridge : pci.upstream) {
    bridges.push_back(to_string(bridge));
  }
  rows.emplace_back("below", fmt::format("{}", fmt::join(bridges, ", ")));
  for (const auto& bar : pci.bars) {
    rows.emplace_back(
        fmt::format("BAR{}", bar.index),
        fmt::format("{} at {}", human_size(bar.size), hex(bar.start)));
  }
  return rows;
}

KeyValues driver_rows(const Gpu& gpu) {
  return {{"name", gpu.pci.driver.value_or("")},
          {"role", std::string(to_string(gpu.driver_role))},
          {"override", gpu.pci.driver_override.value_or("")},
          {"VFIO device", gpu.pci.vfio_dev.value_or("")}};
}

// Who uses it, and how to free it.
KeyValues use_rows(const Gpu& gpu) {
  KeyValues rows;
  for (const auto& holder : *gpu.holders) {
    rows.emplace_back(std::string(to_string(holder.kind)), to_string(holder));
  }
  if (rows.empty()) {
    rows.emplace_back("nobody", "");
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
                       style_of(reason.severity))
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
  print_block(context, "PCI", pci_rows(gpu.pci));
  print_block(context, "Driver", driver_rows(gpu));
  print_block(context, "Coherent memory", memory_rows(gpu));
  print_block(context, "NUMA", numa_rows(gpu));
  print_block(context, "IOMMU", iommu_rows(host, gpu));
  if (gpu.holders) {
    print_block(context, "Used by", use_rows(gpu));
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
