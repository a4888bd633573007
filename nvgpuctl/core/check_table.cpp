// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/check_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace nvgpuctl {
namespace {

// In the order in which `validate` prints them.
constexpr std::array kChecks{
    CheckInfo{"dsd-present", "firmware", "_DSD of the GPU in ACPI"},
    CheckInfo{"dsd-form", "firmware", "_DSD can be read without running AML"},
    CheckInfo{"dsd-properties", "firmware", "types of the _DSD's properties"},
    CheckInfo{"dsd-base", "firmware", "base that firmware gives"},
    CheckInfo{"dsd-size", "firmware", "size that firmware gives"},
    CheckInfo{"dsd-range", "firmware", "memory is a physical address range"},
    CheckInfo{"dsd-alignment", "firmware", "alignment of base and size"},
    CheckInfo{"dsd-range-ram", "firmware", "memory apart from system RAM"},
    CheckInfo{"dsd-range-gpus", "firmware", "memory apart from other GPUs'"},
    CheckInfo{"dsd-egm", "firmware", "extended GPU memory (EGM)"},

    CheckInfo{"layout-plan", "layout", "a region plan follows from firmware"},
    CheckInfo{"layout-usable", "layout", "usable memory"},
    CheckInfo{"layout-reserved", "layout", "reserved memory (MIG erratum)"},
    CheckInfo{"layout-total", "layout", "both parts make up the memory"},

    CheckInfo{"pci-present", "pci", "the function answers"},
    CheckInfo{"pci-config", "pci", "configuration space can be read in full"},
    CheckInfo{"pci-capabilities", "pci", "capability lists are sound"},
    CheckInfo{"pci-class", "pci", "class code"},
    CheckInfo{"pci-dvsec", "pci", "NVIDIA's DVSEC 3 agrees with the family"},
    CheckInfo{"pci-bars", "pci", "64-bit prefetchable BARs 0, 2 and 4"},

    CheckInfo{"gi-count", "numa", "generic initiator nodes of the GPU"},
    CheckInfo{"gi-source", "numa", "who names the GPU's nodes"},
    CheckInfo{"dsd-srat-agree", "numa", "_DSD and SRAT name the same domains"},
    CheckInfo{"gi-consecutive", "numa", "the GPU's nodes are consecutive"},
    CheckInfo{"gi-nodes-online", "numa", "the GPU's nodes are online"},
    CheckInfo{"gi-nodes-sysfs", "numa", "sysfs calls them generic initiators"},

    CheckInfo{"vfio-open", "vfio", "the VFIO device can be opened"},
    CheckInfo{"vfio-device", "vfio", "a VFIO PCI device with all its regions"},
    CheckInfo{"vfio-reset", "vfio", "the device can be reset"},
    CheckInfo{"vfio-access", "vfio", "everything could be read"},
    CheckInfo{"vfio-ids", "vfio", "vendor and device in config space"},
    CheckInfo{"vfio-capabilities", "vfio", "capability chains are sound"},
    CheckInfo{"vfio-types", "vfio", "device-specific regions have types"},
    CheckInfo{"vfio-layout", "vfio", "layout that the regions show"},
    CheckInfo{"vfio-power-of-two", "vfio", "regions 2 and 4 are valid BARs"},
    CheckInfo{"vfio-usable-region", "vfio", "usable: flags and offset"},
    CheckInfo{"vfio-usable-size", "vfio", "usable: size of the region"},
    CheckInfo{"vfio-usable-sparse", "vfio", "usable: what can be mapped"},
    CheckInfo{"vfio-usable-argsz", "vfio",
              "usable: answer without capabilities"},
    CheckInfo{"vfio-usable-bar", "vfio", "usable: BAR in config space"},
    CheckInfo{"vfio-usable-restore", "vfio",
              "usable: BAR is put back after sizing"},
    CheckInfo{"vfio-usable-tail", "vfio", "usable: tail reads as 0xff"},
    CheckInfo{"vfio-usable-outside", "vfio", "usable: reads behind the BAR"},
    CheckInfo{"vfio-usable-mmap", "vfio",
              "usable: pages of the memory can be mapped"},
    CheckInfo{"vfio-usable-mmap-end", "vfio",
              "usable: nothing behind it can be mapped"},
    CheckInfo{"vfio-usable-mmap-flags", "vfio", "usable: kind of the mapping"},
    CheckInfo{"vfio-usable-mmap-private", "vfio", "usable: private mappings"},
    CheckInfo{"vfio-usable-ioeventfd", "vfio", "usable: ioeventfd is refused"},
    CheckInfo{"vfio-reserved-region", "vfio", "reserved: flags and offset"},
    CheckInfo{"vfio-reserved-size", "vfio", "reserved: size of the region"},
    CheckInfo{"vfio-reserved-sparse", "vfio", "reserved: what can be mapped"},
    CheckInfo{"vfio-reserved-argsz", "vfio",
              "reserved: answer without capabilities"},
    CheckInfo{"vfio-reserved-bar", "vfio", "reserved: BAR in config space"},
    CheckInfo{"vfio-reserved-restore", "vfio",
              "reserved: BAR is put back after sizing"},
    CheckInfo{"vfio-reserved-tail", "vfio", "reserved: tail reads as 0xff"},
    CheckInfo{"vfio-reserved-outside", "vfio",
              "reserved: reads behind the BAR"},
    CheckInfo{"vfio-reserved-mmap", "vfio",
              "reserved: pages of the memory can be mapped"},
    CheckInfo{"vfio-reserved-mmap-end", "vfio",
              "reserved: nothing behind it can be mapped"},
    CheckInfo{"vfio-reserved-mmap-flags", "vfio",
              "reserved: kind of the mapping"},
    CheckInfo{"vfio-reserved-mmap-private", "vfio",
              "reserved: private mappings"},
    CheckInfo{"vfio-reserved-ioeventfd", "vfio",
              "reserved: ioeventfd is refused"},
    CheckInfo{"vfio-other-bar", "vfio", "the other BAR is the physical one"},
    CheckInfo{"vfio-total", "vfio", "mappable parts make up the memory"},
    CheckInfo{"vfio-driver-layout", "vfio", "layout that the driver tells"},
    CheckInfo{"vfio-driver-memory", "vfio", "memory that the driver tells"},
    CheckInfo{"vfio-driver-parts", "vfio", "parts that the driver tells"},
    CheckInfo{"vfio-driver-reason", "vfio", "the driver's reason is ours"},
    CheckInfo{"vfio-command", "vfio", "memory decode in the command register"},
    CheckInfo{"vfio-c2c-ready", "vfio", "the link to the GPU is up"},
    CheckInfo{"vfio-hbm-ready", "vfio", "the GPU's memory is trained"},
    CheckInfo{"vfio-cxl-ready", "vfio", "the GPU's CXL memory is active"},
    CheckInfo{"vfio-dma-buf", "vfio", "dma-buf of a region"},
    CheckInfo{"vfio-kvm", "vfio", "KVM maps GPU memory cacheable"},
    CheckInfo{"vfio-same", "vfio", "group and cdev show the same"},

    CheckInfo{"write-first", "write", "first page keeps what is written"},
    CheckInfo{"write-last", "write", "last page keeps what is written"},
    CheckInfo{"write-mapped", "write", "mappings show what was written"},
    CheckInfo{"write-tail", "write", "writes behind the memory are dropped"},
    CheckInfo{"write-restored", "write", "the memory is as it was"},
};

const CheckInfo& check_info(std::string_view id) {
  const auto* const found =
      std::find_if(kChecks.begin(), kChecks.end(),
                   [id](const CheckInfo& info) { return info.id == id; });
  assert(found != kChecks.end());
  return *found;
}

}  // namespace

std::span<const CheckInfo> check_table() {
  return kChecks;
}

SectionWriter::SectionWriter(std::string_view section) {
  section_.name = section;
}

Check& SectionWriter::add(std::string_view id) {
  const CheckInfo& info = check_info(id);
  assert(info.section == section_.name);
  Check& check = section_.checks.emplace_back();
  check.id = id;
  check.title = info.title;
  return check;
}

void SectionWriter::require(std::string_view id, bool holds,
                            Comparison comparison, Remedy remedy) {
  Check& check = add(id);
  check.verdict = holds ? Verdict::pass : Verdict::fail;
  check.expected = std::move(comparison.expected);
  check.seen = std::move(comparison.seen);
  if (!holds) {
    check.reason = remedy.reason;
    check.remedy = remedy.text;
  }
}

void SectionWriter::prefer(std::string_view id, bool holds,
                           Comparison comparison, Remedy remedy) {
  require(id, holds, std::move(comparison), remedy);
  if (!holds) {
    section_.checks.back().verdict = Verdict::degraded;
  }
}

void SectionWriter::remark(std::string_view id, bool holds,
                           Comparison comparison, Remedy remedy) {
  require(id, holds, std::move(comparison), remedy);
  if (!holds) {
    section_.checks.back().verdict = Verdict::remark;
  }
}

void SectionWriter::skip(std::string_view id, std::string_view why) {
  add(id).seen = why;
}

void SectionWriter::skip_rest(std::string_view prefix, std::string_view why) {
  for (const auto& info : kChecks) {
    const bool judged =
        std::any_of(section_.checks.begin(), section_.checks.end(),
                    [&](const Check& check) { return check.id == info.id; });
    if (info.section == section_.name && info.id.starts_with(prefix) &&
        !judged) {
      skip(info.id, why);
    }
  }
}

}  // namespace nvgpuctl
