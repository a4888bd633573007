// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "core/check_table.hpp"
#include "core/gpu_check_sections.hpp"
#include "core/memory_overlap.hpp"
#include "kmod/region_layout.h"

namespace nvgpuctl {
namespace {

constexpr std::string_view kUpdateFirmware = "update the firmware";
constexpr std::string_view kAtRunTime =
    "its values exist only at run time and are not guessed; report the table "
    "so that it can be supported";
constexpr std::string_view kPowerCycle =
    "the link to the GPU is probably down; power-cycle the host and read the "
    "BMC's event log";

struct Range {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
};

// Compares by differences, which cannot overflow as ends could.
bool overlap(const Range& a, const Range& b) {
  return a.base <= b.base ? b.base - a.base < a.size : a.base - b.base < b.size;
}

std::string describe(const Range& range) {
  return fmt::format("base {}, size {} ({})", hex(range.base), hex(range.size),
                     human_size(range.size));
}

// Whether there is a _DSD with properties to look at.
bool check_dsd(SectionWriter& checks, const HostSnapshot& host, const Gpu& gpu,
               const DeviceDsd* dsd) {
  if (dsd == nullptr && acpi_unreadable(host)) {
    checks.skip_rest("dsd-", why_acpi_unreadable(host));
    return false;
  }
  const std::string expected =
      "_DSD below " + gpu.pci.acpi_path.value_or("the GPU's ACPI device");
  std::string seen = "no such _DSD in any table";
  if (!gpu.pci.acpi_path) {
    seen = "sysfs names no ACPI device of the GPU";
  } else if (dsd != nullptr) {
    seen = fmt::format("{} at offset {:#x}", dsd->table, dsd->offset);
  }
  checks.require("dsd-present", dsd != nullptr, {expected, seen},
                 {"NVG-E010", kUpdateFirmware});
  if (dsd == nullptr) {
    checks.skip_rest("dsd-", "there is no _DSD");
    return false;
  }
  const bool dynamic = dsd->form == DsdForm::dynamic;
  checks.require(
      "dsd-form", dsd->form == DsdForm::literal,
      {"literal", dsd->form == DsdForm::literal
                      ? "literal"
                      : (dynamic ? "dynamic: " : "malformed: ") + dsd->problem},
      dynamic ? Remedy{"NVG-E011", kAtRunTime}
              : Remedy{"NVG-E016", kUpdateFirmware});
  if (dsd->form != DsdForm::literal) {
    checks.skip_rest("dsd-", "the _DSD cannot be read");
    return false;
  }
  return true;
}

void check_properties(SectionWriter& checks, const CoherentMemoryDsd& memory) {
  const auto& problems =
      memory.problems.empty() ? memory.at_run_time : memory.problems;
  const std::string expected = "integers, each given once";
  if (problems.empty() && !memory.left_out.empty()) {
    checks.remark(
        "dsd-properties", false,
        {expected, fmt::format("{}", fmt::join(memory.left_out, "; "))},
        {"NVG-W019", "report the table to the firmware's vendor"});
    return;
  }
  checks.require("dsd-properties", problems.empty(),
                 {expected, problems.empty()
                                ? "integers"
                                : fmt::format("{}", fmt::join(problems, "; "))},
                 memory.problems.empty() ? Remedy{"NVG-E011", kAtRunTime}
                                         : Remedy{"NVG-E016", kUpdateFirmware});
}

void check_values(SectionWriter& checks, const CoherentMemoryDsd& memory) {
  check_properties(checks, memory);
  checks.require("dsd-base", memory.base_pa.value_or(0) != 0,
                 {"not 0", memory.base_pa ? hex(*memory.base_pa) : "absent"},
                 {"NVG-E012", kPowerCycle});
  const std::uint64_t size = memory.size.value_or(0);
  checks.require(
      "dsd-size", size >= NVGPU_MEMORY_MIN_SIZE,
      {"at least " + human_size(NVGPU_MEMORY_MIN_SIZE),
       memory.size ? fmt::format("{} ({})", hex(size), human_size(size))
                   : "absent"},
      size == 0 ? Remedy{"NVG-E012", kPowerCycle}
                : Remedy{"NVG-E013",
                         "firmware did not detect the GPU's memory; "
                         "power-cycle the host and update its firmware"});
}

// The driver maps whole pages; page sizes of Grace kernels are 4 and 64 KiB.
void check_alignment(SectionWriter& checks, const HostSnapshot& host,
                     const Range& memory) {
  constexpr std::uint64_t kLargestPage = 64 * kKiB;
  const auto& kernel_page = host.kernel.page_size;
  const std::uint64_t page = kernel_page && kernel_page->value != 0
                                 ? kernel_page->value
                                 : kLargestPage;
  const bool aligned = memory.base % page == 0 && memory.size % page == 0;
  std::string seen = aligned ? "multiples of a page" : "no multiples of a page";
  if (aligned && memory.base % NVGPU_MEMORY_BLOCK_SIZE != 0) {
    seen +=
        "; the base is no multiple of 512 MiB, so that it is mapped in "
        "smaller pages";
  }
  checks.require(
      "dsd-alignment", aligned,
      {fmt::format("multiples of a page ({})", human_size(page)), seen},
      {"NVG-E014", kUpdateFirmware});
}

// "none", or the overlaps in a row.
std::string listed(const std::vector<MemoryOverlap>& overlaps) {
  std::string text;
  for (const auto& overlap : overlaps) {
    text += (text.empty() ? "" : "; ") + overlap.what;
  }
  return text.empty() ? "none" : text;
}

void check_apart_from_ram(SectionWriter& checks, const HostSnapshot& host,
                          const Gpu& gpu, const Range& memory) {
  const auto overlaps = ram_overlaps(host, gpu, memory.base, memory.size);
  if (!host.acpi.srat && overlaps.empty()) {
    checks.skip("dsd-range-ram", acpi_unreadable(host)
                                     ? why_acpi_unreadable(host)
                                     : "there is no SRAT");
    return;
  }
  std::string seen = listed(overlaps);
  if (host.system_ram.empty()) {
    seen += "; from SRAT alone, since /proc/iomem shows no addresses";
  }
  checks.require("dsd-range-ram", overlaps.empty(),
                 {"no overlap with system RAM", std::move(seen)},
                 {"NVG-E015",
                  "do not bind: a guest would reach the host's memory; update "
                  "the firmware"});
}

void check_apart_from_gpus(SectionWriter& checks, const Gpu& gpu,
                           const std::vector<Gpu>& all_gpus,
                           const Range& memory) {
  const auto overlaps = gpu_overlaps(all_gpus, gpu, memory.base, memory.size);
  checks.require("dsd-range-gpus", overlaps.empty(),
                 {"no overlap with another GPU's memory", listed(overlaps)},
                 {"NVG-E015",
                  "do not bind: two guests would share memory; "
                  "update the firmware"});
}

void check_range(SectionWriter& checks, const HostSnapshot& host,
                 const Gpu& gpu, const std::vector<Gpu>& all_gpus,
                 const Range& memory) {
  const auto status = nvgpu_check_memory(memory.base, memory.size);
  const bool valid =
      status != NVGPU_LAYOUT_OUT_OF_RANGE && status != NVGPU_LAYOUT_OVERFLOW;
  checks.require("dsd-range", valid, {"ends below 2^52", describe(memory)},
                 {"NVG-E014", kUpdateFirmware});
  check_alignment(checks, host, memory);
  check_apart_from_ram(checks, host, gpu, memory);
  check_apart_from_gpus(checks, gpu, all_gpus, memory);
}

void check_egm(SectionWriter& checks, const CoherentMemoryDsd& dsd,
               const Range& memory) {
  if (dsd.egm_size.value_or(0) == 0) {
    checks.skip("dsd-egm", "firmware offers none");
    return;
  }
  const Range egm{dsd.egm_base_pa.value_or(0), *dsd.egm_size};
  std::uint64_t end = 0;
  const bool valid = egm.base != 0 &&
                     !__builtin_add_overflow(egm.base, egm.size, &end) &&
                     end <= NVGPU_PHYSICAL_LIMIT && !overlap(egm, memory);
  checks.require(
      "dsd-egm", valid && dsd.egm_pxm,
      {"a range below 2^52 apart from the GPU's memory, and its "
       "proximity domain",
       describe(egm) + (dsd.egm_pxm ? fmt::format(", domain {}", *dsd.egm_pxm)
                                    : ", no domain")},
      {"", kUpdateFirmware});
}

}  // namespace

CheckSection check_firmware(const HostSnapshot& host, const Gpu& gpu,
                            const std::vector<Gpu>& all_gpus) {
  SectionWriter checks("firmware");
  const DeviceDsd* dsd = dsd_of(host, gpu);
  if (!check_dsd(checks, host, gpu, dsd)) {
    return checks.take();
  }
  const auto dsd_memory = interpret_coherent_memory(*dsd);
  check_values(checks, dsd_memory);
  const Range memory{dsd_memory.base_pa.value_or(0),
                     dsd_memory.size.value_or(0)};
  if (memory.base != 0 && memory.size != 0) {
    check_range(checks, host, gpu, all_gpus, memory);
  } else {
    for (const auto* prefix : {"dsd-range", "dsd-alignment"}) {
      checks.skip_rest(prefix, "there is no range to look at");
    }
  }
  check_egm(checks, dsd_memory, memory);
  return checks.take();
}

}  // namespace nvgpuctl
