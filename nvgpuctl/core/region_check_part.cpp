// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "base/text.hpp"
#include "core/region_check_sections.hpp"

namespace nvgpuctl {
namespace {

// VFIO_REGION_INFO_FLAG_READ, _WRITE, _MMAP and _CAPS of <linux/vfio.h>.
constexpr std::uint32_t kRegionFlags = 0xF;
constexpr std::uint32_t kRegionCaps = 0x8;
// The offset of a region in the device file is its index shifted by this
// (VFIO_PCI_OFFSET_SHIFT in <linux/vfio_pci_core.h>).
constexpr unsigned kOffsetShift = 40;
// PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH
constexpr std::uint64_t kBarType = 0xC;
constexpr std::uint64_t kBarTypeMask = 0xF;
constexpr std::uint64_t kAllOnes = ~std::uint64_t{0};

constexpr std::string_view kNotTried = "was not tried";

// A part of the memory that is planned, and its region.
struct Part {
  std::string_view name;  // "usable"
  const MemoryRegion& plan;
  const ObservedRegion& region;
  const RegionBehaviour& behaviour;

  std::string id(std::string_view check) const {
    return fmt::format("vfio-{}-{}", name, check);
  }
};

std::string describe_sparse(const ObservedRegion& region) {
  if (!region.sparse) {
    return "no sparse-mmap capability";
  }
  if (region.sparse->size() != 1) {
    return fmt::format("{} areas", region.sparse->size());
  }
  const auto& area = region.sparse->front();
  return fmt::format("one area, offset {}, size {}, version {}",
                     hex(area.offset), hex(area.size), region.sparse_version);
}

void check_region(SectionWriter& checks, const Part& part) {
  const ObservedRegion& region = part.region;
  const std::uint64_t offset = std::uint64_t{part.plan.bar} << kOffsetShift;
  checks.require(
      part.id("region"),
      (region.flags & kRegionFlags) == kRegionFlags && region.offset == offset,
      {fmt::format("flags {:#x}, offset {}", kRegionFlags, hex(offset)),
       fmt::format("flags {:#x}, offset {}", region.flags, hex(region.offset))},
      {"", kReplaceDriver});
  checks.require(part.id("size"), region.size == part.plan.bar_size,
                 {bytes_text(part.plan.bar_size), bytes_text(region.size)},
                 {"",
                  "driver and firmware disagree; see the kernel log for "
                  "the size that the driver found"});
  ObservedRegion wanted;
  wanted.sparse = {{0, part.plan.size}};
  wanted.sparse_version = 1;
  const bool one_area = region.sparse && region.sparse->size() == 1;
  checks.require(
      part.id("sparse"),
      one_area && region.sparse->front().offset == 0 &&
          region.sparse->front().size == part.plan.size &&
          region.sparse_version == 1,
      {describe_sparse(wanted), describe_sparse(region)},
      {"", "a guest could map less or more than there is; replace the driver"});
}

std::string describe(const ShortAnswer& answer) {
  return answer.error != 0
             ? errno_text(answer.error)
             : fmt::format("flags {:#x}, argsz {}, cap_offset {}", answer.flags,
                           answer.argsz, answer.cap_offset);
}

void check_argsz(SectionWriter& checks, const Part& part) {
  const auto& without = part.behaviour.without_capabilities;
  const auto& too_short = part.behaviour.too_short;
  if (!without || !too_short) {
    checks.skip(part.id("argsz"), kNotTried);
    return;
  }
  const ShortAnswer wanted{0, part.region.argsz, kRegionFlags, 0};
  checks.require(
      part.id("argsz"),
      without->error == 0 && (without->flags & kRegionCaps) != 0 &&
          without->argsz == wanted.argsz && without->cap_offset == 0 &&
          too_short->error == EINVAL,
      {fmt::format("32: {}; 24: {}", describe(wanted), errno_text(EINVAL)),
       fmt::format("32: {}; 24: {}", describe(*without), describe(*too_short))},
      {"", "old programs could not use the region; replace the driver"});
}

void check_bar(SectionWriter& checks, const Part& part) {
  const auto& bar = part.behaviour.bar;
  if (!bar) {
    checks.skip(part.id("bar"), "the BAR was not sized");
    checks.skip(part.id("restore"), "the BAR was not sized");
    return;
  }
  const std::uint64_t mask = ~(part.plan.bar_size - 1) | kBarType;
  checks.require(
      part.id("bar"), bar->mask == mask, {hex(mask), hex(bar->mask)},
      {"", "a guest would size this BAR wrongly; replace the driver"});
  checks.require(
      part.id("restore"), bar->after == bar->before,
      {hex(bar->before), hex(bar->after)},
      {"", "unbind the GPU and bind it again before a guest uses it"});
}

void check_tail(SectionWriter& checks, const Part& part) {
  const auto& behaviour = part.behaviour;
  if (part.plan.size == part.plan.bar_size) {
    checks.skip(part.id("tail"), "memory fills the BAR: there is no tail");
  } else if (!behaviour.tail_first || !behaviour.tail_last) {
    checks.skip(part.id("tail"), "the tail was not read");
  } else {
    checks.require(
        part.id("tail"),
        *behaviour.tail_first == kAllOnes && *behaviour.tail_last == kAllOnes,
        {fmt::format("{:#x} at both ends", kAllOnes),
         fmt::format("{:#x} and {:#x}", *behaviour.tail_first,
                     *behaviour.tail_last)},
        {"", "the tail must never show memory; replace the driver"});
  }
  if (!behaviour.read_outside) {
    checks.skip(part.id("outside"), kNotTried);
    return;
  }
  checks.require(part.id("outside"), *behaviour.read_outside == EINVAL,
                 {errno_text(EINVAL), errno_text(*behaviour.read_outside)},
                 {"", kReplaceDriver});
}

std::string describe(const MapAttempt& attempt) {
  return attempt.error == 0 ? "mapped"
                            : "refused: " + errno_text(attempt.error);
}

void check_mapping(SectionWriter& checks, const Part& part) {
  const auto& seen = part.behaviour;
  if (!seen.map_first || !seen.map_last || !seen.map_behind ||
      !seen.map_across) {
    for (const auto* check : {"mmap", "mmap-end"}) {
      checks.skip(part.id(check), kNotTried);
    }
    return;
  }
  checks.require(
      part.id("mmap"), seen.map_first->error == 0 && seen.map_last->error == 0,
      {"first page: mapped, last page: mapped",
       fmt::format("first page: {}, last page: {}", describe(*seen.map_first),
                   describe(*seen.map_last))},
      {"", "a VM could not start; see the kernel log"});
  checks.require(
      part.id("mmap-end"),
      seen.map_behind->error != 0 && seen.map_across->error != 0,
      {"behind it: refused, across its end: refused",
       fmt::format("behind it: {}, across its end: {}",
                   describe(*seen.map_behind), describe(*seen.map_across))},
      {"",
       "a guest could reach memory that is not the GPU's; do not use this "
       "driver"});
}

// Memory without struct page that no fork, no core dump and no mremap() takes
// along: VM_PFNMAP, VM_IO, VM_DONTEXPAND, VM_DONTDUMP.
void check_mapping_flags(SectionWriter& checks, const Part& part) {
  const auto& first = part.behaviour.map_first;
  if (!first || first->error != 0) {
    checks.skip(part.id("mmap-flags"), "there is no mapping to look at");
    return;
  }
  if (first->vm_flags.empty()) {
    checks.skip(part.id("mmap-flags"), "/proc/self/smaps does not tell");
    return;
  }
  const auto flags = split(first->vm_flags, ' ');
  constexpr std::string_view kWanted = "pf io de dd";
  // Only those: "me", for one, tells how the device's node is mounted, and so
  // differs between the group and the cdev.
  std::vector<std::string_view> seen;
  for (const std::string_view flag : split(kWanted, ' ')) {
    if (std::find(flags.begin(), flags.end(), flag) != flags.end()) {
      seen.push_back(flag);
    }
  }
  const std::string text = fmt::format("{}", fmt::join(seen, " "));
  checks.require(part.id("mmap-flags"), text == kWanted,
                 {std::string(kWanted), text.empty() ? "none of them" : text},
                 {"", kReplaceDriver});
}

// The kernel's own driver grants them, and stumbles when one is written to
// (vmf_insert_pfn and copy on write, mm/memory.c). No known program asks.
void check_private(SectionWriter& checks, const Part& part) {
  const auto& attempt = part.behaviour.map_private;
  if (!attempt) {
    checks.skip(part.id("mmap-private"), kNotTried);
    return;
  }
  checks.remark(part.id("mmap-private"), attempt->error != 0,
                {"refused", describe(*attempt)},
                {"",
                 "a process that has the GPU could crash the host by writing "
                 "to a private mapping; the driver of nvgpuctl-dkms refuses "
                 "them"});
}

void check_ioeventfd(SectionWriter& checks, const Part& part) {
  const auto& answer = part.behaviour.ioeventfd;
  if (!answer) {
    checks.skip(part.id("ioeventfd"), kNotTried);
    return;
  }
  checks.require(part.id("ioeventfd"), *answer == ENOTTY,
                 {errno_text(ENOTTY), errno_text(*answer)},
                 {"",
                  "it would write to the BAR that the memory hides; replace "
                  "the driver"});
}

void check_part(SectionWriter& checks, const RegionJudgement& judgement,
                std::string_view name, const MemoryRegion& plan) {
  const ObservedRegion* region = judgement.seen.region(plan.bar);
  if (region == nullptr) {
    checks.skip_rest(fmt::format("vfio-{}-", name),
                     fmt::format("region {} was not read", plan.bar));
    return;
  }
  const Part part{name, plan, *region, judgement.seen.behaviour(plan.bar)};
  check_region(checks, part);
  check_argsz(checks, part);
  check_bar(checks, part);
  check_tail(checks, part);
  check_mapping(checks, part);
  check_mapping_flags(checks, part);
  check_private(checks, part);
  check_ioeventfd(checks, part);
}

// Where no memory is to be, the physical BAR shows through, and a physical BAR
// has no sparse areas.
void check_other_bar(SectionWriter& checks, const RegionJudgement& judgement) {
  constexpr std::string_view kId = "vfio-other-bar";
  if (judgement.plan.reserved) {
    checks.skip(kId, "both BARs show memory");
    return;
  }
  const unsigned other = judgement.plan.layout == Layout::single ? 4 : 2;
  const ObservedRegion* region = judgement.seen.region(other);
  if (region == nullptr) {
    checks.skip(kId, fmt::format("region {} was not read", other));
    return;
  }
  const std::uint64_t size =
      physical_bar(judgement.subject.gpu, other).value_or(region->size);
  const auto& bar = judgement.seen.behaviour(other).bar;
  const bool sized = !bar || region->size == 0 ||
                     (bar->mask | kBarTypeMask) == (~(size - 1) | kBarTypeMask);
  checks.require(
      kId, !is_sparse(region) && region->size == size && sized,
      {fmt::format("region {} is the physical BAR of {}", other,
                   human_size(size)),
       fmt::format("{}, {} sparse-mmap capability, {}",
                   human_size(region->size), is_sparse(region) ? "a" : "no",
                   bar ? "sizes to " + hex(bar->mask) : "not sized")},
      {"", "driver and MIG erratum disagree; see the DVSEC check"});
}

void check_total(SectionWriter& checks, const RegionJudgement& judgement) {
  const auto& usable = *judgement.plan.usable;
  const auto& reserved = judgement.plan.reserved;
  const std::uint64_t total = usable.size + (reserved ? reserved->size : 0);
  std::uint64_t shown = mappable(judgement.seen.region(usable.bar));
  if (reserved &&
      __builtin_add_overflow(
          shown, mappable(judgement.seen.region(reserved->bar)), &shown)) {
    shown = std::numeric_limits<std::uint64_t>::max();
  }
  checks.require("vfio-total", shown == total,
                 {bytes_text(total), bytes_text(shown)},
                 {"",
                  "driver and firmware disagree; see the kernel log for "
                  "the size that the driver found"});
}

}  // namespace

void check_parts(SectionWriter& checks, const RegionJudgement& judgement) {
  const RegionPlan& plan = judgement.plan;
  if (!plan.usable || judgement.layout != plan.layout) {
    const std::string_view why = plan.usable
                                     ? "the regions show another layout"
                                     : "nobody says where the memory is";
    for (const auto* prefix :
         {"vfio-usable", "vfio-reserved", "vfio-other-bar", "vfio-total"}) {
      checks.skip_rest(prefix, why);
    }
    return;
  }
  check_part(checks, judgement, "usable", *plan.usable);
  if (plan.reserved) {
    check_part(checks, judgement, "reserved", *plan.reserved);
  } else {
    checks.skip_rest("vfio-reserved-", "this plan has no reserved part");
  }
  check_other_bar(checks, judgement);
  check_total(checks, judgement);
}

}  // namespace nvgpuctl
