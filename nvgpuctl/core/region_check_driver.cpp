// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/region_check_sections.hpp"

namespace nvgpuctl {
namespace {

constexpr std::string_view kReportIt =
    "the driver's sysfs attributes are documented in docs/ABI; please report "
    "this with the numbers";

void check_told_layout(SectionWriter& checks, const RegionJudgement& judgement,
                       const DriverAttributes& told) {
  const std::string shown(judgement.layout ? to_string(*judgement.layout)
                                           : "none that is known");
  checks.require("vfio-driver-layout", told.layout == shown,
                 {shown, told.layout}, {"", kReportIt});
}

void check_told_memory(SectionWriter& checks, const RegionJudgement& judgement,
                       const DriverAttributes& told) {
  const Gpu& gpu = judgement.subject.gpu;
  if (told.layout == "plain") {
    checks.skip("vfio-driver-memory", "the driver shows no memory");
    return;
  }
  if (!gpu.memory_base || !gpu.memory_size) {
    checks.skip("vfio-driver-memory", "ACPI's own numbers could not be read");
    return;
  }
  const auto text = [](std::uint64_t base, std::uint64_t size) {
    return fmt::format("{} from {}", bytes_text(size), hex(base));
  };
  checks.require("vfio-driver-memory",
                 told.coherent_base == gpu.memory_base->value &&
                     told.coherent_size == gpu.memory_size->value,
                 {text(gpu.memory_base->value, gpu.memory_size->value),
                  text(told.coherent_base, told.coherent_size)},
                 {"",
                  "driver and nvgpuctl read different numbers from ACPI; "
                  "please report it with the tables"});
}

void check_told_parts(SectionWriter& checks, const RegionJudgement& judgement,
                      const DriverAttributes& told) {
  const bool split = judgement.layout == Layout::split;
  const std::uint64_t usable = mappable(judgement.seen.region(split ? 4 : 2));
  const std::uint64_t reserved = split ? mappable(judgement.seen.region(2)) : 0;
  const auto text = [](std::uint64_t first, std::uint64_t second) {
    return fmt::format("usable {}, reserved {}", hex(first), hex(second));
  };
  checks.require(
      "vfio-driver-parts",
      told.usable_size == usable && told.reserved_size == reserved,
      {text(usable, reserved), text(told.usable_size, told.reserved_size)},
      {"", kReportIt});
}

// The driver gives the name of a reason; ours is one of the findings.
void check_told_reason(SectionWriter& checks, const RegionJudgement& judgement,
                       const DriverAttributes& told) {
  std::string ours = "none";
  if (judgement.layout == Layout::plain) {
    std::string names;
    for (const auto& found : judgement.subject.gpu.findings) {
      if (found.reason->severity != Severity::error) {
        continue;
      }
      names +=
          fmt::format("{}{}", names.empty() ? "" : ", ", found.reason->name);
      if (found.reason->name == told.fallback_reason) {
        ours = fmt::format("{} ({})", found.reason->name, found.reason->id);
        checks.require("vfio-driver-reason", true, {ours, told.fallback_reason},
                       {});
        return;
      }
    }
    ours = names.empty() ? "no reason known" : names;
  }
  checks.require("vfio-driver-reason", told.fallback_reason == ours,
                 {ours, told.fallback_reason},
                 {"",
                  "driver and nvgpuctl see different reasons; look at the "
                  "kernel log and report both"});
}

}  // namespace

void check_driver(SectionWriter& checks, const RegionJudgement& judgement) {
  const auto& told = judgement.subject.attributes;
  if (!told) {
    checks.skip_rest("vfio-driver-",
                     "the bound driver has no nvgpu/ attributes in sysfs");
    return;
  }
  check_told_layout(checks, judgement, *told);
  check_told_memory(checks, judgement, *told);
  check_told_parts(checks, judgement, *told);
  check_told_reason(checks, judgement, *told);
}

}  // namespace nvgpuctl
