// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "core/gpu_parts.hpp"
#include "core/memory_overlap.hpp"
#include "kmod/region_layout.h"

namespace nvgpuctl {
namespace {

constexpr std::string_view kTables = "/sys/firmware/acpi/tables/";

std::string place(const DeviceDsd& dsd) {
  return fmt::format("{}{} offset {:#x}", kTables, dsd.table, dsd.offset);
}

// Empty, or why the end of configuration space was not read.
std::string why_not_extended(const PciFunction& pci) {
  if (!pci.config) {
    return pci.config_problem.empty() ? "" : pci.config_problem + "; ";
  }
  return pci.config->is_conventional_only()
             ? "this kernel reaches only conventional space (no ECAM); "
             : "ordinary users see the first 64 bytes; ";
}

void judge_erratum(Gpu& gpu) {
  const auto& config = gpu.pci.config;
  if (config && config->extended_readable && config->present) {
    const bool fixed = config->mig_erratum_fixed.value_or(false);
    gpu.erratum = {fixed ? MigErratum::fixed : MigErratum::present,
                   Source::pci_config};
    return;
  }
  gpu.erratum = {gpu.model.family == Family::blackwell ? MigErratum::fixed
                                                       : MigErratum::present,
                 Source::device_table};
  if (!config || config->present) {
    add_finding(
        gpu, "NVG-W007",
        fmt::format(
            "{}MIG erratum taken as {}, as the {} family has it",
            why_not_extended(gpu.pci),
            gpu.erratum.value == MigErratum::fixed ? "fixed" : "present",
            to_string(gpu.model.family)),
        sysfs_path(gpu.pci.address, "config"));
  }
}

// Firmware left the size out or the base at 0 when the link failed.
void judge_absent(Gpu& gpu, const CoherentMemoryDsd& memory,
                  const std::string& where) {
  const auto shown = [](const std::optional<std::uint64_t>& value) {
    return value ? hex(*value) : std::string("absent");
  };
  add_finding(
      gpu, "NVG-E012",
      fmt::format("nvidia,gpu-mem-base-pa is {}, nvidia,gpu-mem-size is {}",
                  shown(memory.base_pa), shown(memory.size)),
      where);
}

// The driver maps whole pages and refuses the rest. 4 KiB where the kernel's
// pages are not known: whatever is not made of those is wrong on any kernel.
bool made_of_pages(const HostSnapshot& host, std::uint64_t base,
                   std::uint64_t size) {
  const auto& known = host.kernel.page_size;
  const std::uint64_t page =
      known && known->value != 0 ? known->value : 4 * kKiB;
  return base % page == 0 && size % page == 0;
}

// Of a GPU that the driver has: as it was loaded. Of others: as it will be.
Layout layout_of(const HostSnapshot& host, const Gpu& gpu) {
  const bool single = gpu.pci.driver == kVariantDriver &&
                      host.modules.variant_layout == "single";
  return single ? Layout::single : Layout::split;
}

void judge_left_out(const HostSnapshot& host, Gpu& gpu,
                    const DeviceDsd& counted) {
  for (const auto& problem : counted.left_out) {
    add_finding(gpu, "NVG-W019", problem, place(counted));
  }
  for (const auto& problem : interpret_coherent_memory(counted).left_out) {
    add_finding(gpu, "NVG-W019", problem, place(counted));
  }
  const DeviceDsd* another = nullptr;
  std::size_t given = 0;
  for (const auto& dsd : host.acpi.dsds) {
    if (dsd.path != counted.path || dsd.form == DsdForm::dynamic) {
      continue;
    }
    ++given;
    another = another == nullptr && &dsd != &counted ? &dsd : another;
  }
  if (another != nullptr && counted.form != DsdForm::dynamic) {
    add_finding(gpu, "NVG-W019",
                fmt::format("_DSD of {} is given {} times; the first, in {} at "
                            "offset {:#x}, counts",
                            counted.path, given, counted.table, counted.offset),
                place(*another));
  }
}

void judge_literal(const HostSnapshot& host, Gpu& gpu, const DeviceDsd& dsd,
                   const CoherentMemoryDsd& memory) {
  const std::string where = place(dsd);
  for (const auto& problem : memory.problems) {
    add_finding(gpu, "NVG-E016", problem, where);
  }
  for (const auto& problem : memory.at_run_time) {
    add_finding(gpu, "NVG-E011", problem, where);
  }
  const bool all_read = memory.problems.empty() && memory.at_run_time.empty();
  const bool describes_memory =
      memory.base_pa || memory.size || memory.pxm_start || memory.pxm_count;
  if (!describes_memory && all_read) {
    add_finding(gpu, "NVG-E010",
                "_DSD of " + dsd.path + " has no nvidia,gpu-mem-… property",
                where);
    return;
  }
  if (memory.base_pa) {
    gpu.memory_base = {*memory.base_pa, Source::dsd};
  }
  if (memory.size) {
    gpu.memory_size = {*memory.size, Source::dsd};
  }
  if (memory.egm_size && *memory.egm_size != 0) {
    gpu.egm = Egm{memory.egm_base_pa.value_or(0), *memory.egm_size,
                  memory.egm_pxm.value_or(0)};
  }
  if (memory.base_pa.value_or(0) == 0 || memory.size.value_or(0) == 0) {
    // A value that could not be read says nothing about the link.
    if (all_read) {
      judge_absent(gpu, memory, where);
    }
    return;
  }
  auto plan = plan_regions(*memory.base_pa, *memory.size, layout_of(host, gpu),
                           gpu.erratum.value);
  if (plan && !made_of_pages(host, *memory.base_pa, *memory.size)) {
    add_finding(gpu, "NVG-E014",
                fmt::format("base {}, size {}: no multiples of a page",
                            hex(*memory.base_pa), hex(*memory.size)),
                where);
    return;
  }
  if (plan) {
    gpu.plan = *plan;
    return;
  }
  const bool too_small = *memory.size < NVGPU_MEMORY_MIN_SIZE;
  add_finding(gpu, too_small ? "NVG-E013" : "NVG-E014",
              fmt::format("base {}, size {}: {}", hex(*memory.base_pa),
                          hex(*memory.size), plan.error().problem),
              where);
}

}  // namespace

const DeviceDsd* dsd_of(const HostSnapshot& host, const Gpu& gpu) {
  const DeviceDsd* found = nullptr;
  for (const auto& dsd : host.acpi.dsds) {
    if (!gpu.pci.acpi_path || dsd.path != *gpu.pci.acpi_path) {
      continue;
    }
    if (dsd.form != DsdForm::dynamic) {
      return &dsd;
    }
    found = found == nullptr ? &dsd : found;
  }
  return found;
}

std::optional<CoherentMemoryDsd> literal_dsd(const HostSnapshot& host,
                                             const Gpu& gpu) {
  const DeviceDsd* const dsd = dsd_of(host, gpu);
  if (dsd == nullptr || dsd->form != DsdForm::literal) {
    return std::nullopt;
  }
  return interpret_coherent_memory(*dsd);
}

void join_memory(const HostSnapshot& host, Gpu& gpu) {
  judge_erratum(gpu);
  const DeviceDsd* const dsd = dsd_of(host, gpu);
  if (dsd == nullptr && !host.acpi.unreadable.empty()) {
    add_finding(gpu, "NVG-W001",
                host.acpi.hidden
                    ? "not visible here (in a container?), but the GPU has an "
                      "ACPI device; memory size and node ownership are not "
                      "known"
                    : "memory size and node ownership are not known",
                host.acpi.unreadable.front());
    return;
  }
  if (!gpu.pci.acpi_path) {
    add_finding(gpu, "NVG-E010", "the PCI function has no ACPI companion",
                sysfs_path(gpu.pci.address, "firmware_node"));
    return;
  }
  if (dsd == nullptr) {
    add_finding(gpu, "NVG-E010",
                fmt::format("no _DSD for {} in {} ACPI tables",
                            *gpu.pci.acpi_path, host.acpi.tables.size()),
                std::string(kTables));
    return;
  }
  for (const auto& table : host.acpi.tables) {
    if (table.name == dsd->table && !table.checksum_ok) {
      add_finding(gpu, "NVG-W002", "the table that describes this GPU's memory",
                  std::string(kTables) + table.name);
    }
  }
  judge_left_out(host, gpu, *dsd);
  switch (dsd->form) {
    case DsdForm::dynamic:
      add_finding(gpu, "NVG-E011", dsd->path + "._DSD: " + dsd->problem,
                  place(*dsd));
      return;
    case DsdForm::malformed:
      add_finding(gpu, "NVG-E016", dsd->path + "._DSD: " + dsd->problem,
                  place(*dsd));
      return;
    case DsdForm::literal:
      judge_literal(host, gpu, *dsd, interpret_coherent_memory(*dsd));
      return;
  }
}

void find_overlaps(const HostSnapshot& host, std::vector<Gpu>& gpus) {
  for (auto& gpu : gpus) {
    if (!gpu.plan) {  // the range is invalid, which is reported
      continue;
    }
    const auto base = gpu.memory_base->value;
    const auto size = gpu.memory_size->value;
    auto found = ram_overlaps(host, gpu, base, size);
    std::ranges::move(gpu_overlaps(gpus, gpu, base, size),
                      std::back_inserter(found));
    for (const auto& overlap : found) {
      add_finding(gpu, "NVG-E015", "overlaps " + overlap.what, overlap.place);
    }
  }
}

}  // namespace nvgpuctl
