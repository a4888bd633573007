// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cerrno>
#include <string>

#include "core/check_table.hpp"
#include "core/region_check.hpp"

// The parts of check_regions(); nobody else needs them.

namespace nvgpuctl {

constexpr std::string_view kReplaceDriver =
    "the driver is not one that nvgpuctl knows; install nvgpuctl-dkms or use "
    "the kernel's own";

// What was observed and what is expected of it.
struct RegionJudgement {
  const VfioSubject& subject;
  const DeviceObservation& seen;
  RegionPlan plan;
  std::optional<Layout> layout;  // that the regions show
};

// Size of the hardware's own BAR, where sysfs has it.
std::optional<std::uint64_t> physical_bar(const Gpu& gpu, unsigned index);

// "0x2000000000 (128 GiB)"
std::string bytes_text(std::uint64_t size);
// "Invalid argument", "done" for 0.
std::string errno_text(int error);
// Sum of a region's mappable areas; 0 without the capability. A forged sum does
// not wrap round.
std::uint64_t mappable(const ObservedRegion* region);

// region_check_part.cpp: usable and reserved memory, and the BAR beside them.
void check_parts(SectionWriter& checks, const RegionJudgement& judgement);
// region_check_driver.cpp: what driver, firmware and findings say.
void check_driver(SectionWriter& checks, const RegionJudgement& judgement);

}  // namespace nvgpuctl
