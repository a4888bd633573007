// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/region_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include "base/text.hpp"
#include "core/region_check_sections.hpp"

namespace nvgpuctl {
namespace {

// <linux/vfio.h>, which only host/ includes.
constexpr std::uint32_t kDeviceReset = 1U << 0U;  // VFIO_DEVICE_FLAGS_RESET
constexpr std::uint32_t kDevicePci = 1U << 1U;    // VFIO_DEVICE_FLAGS_PCI
constexpr unsigned kPciRegions = 9;               // VFIO_PCI_NUM_REGIONS
constexpr std::uint16_t kMemoryDecode = 0x2;      // PCI_COMMAND_MEMORY

void check_device(SectionWriter& checks, const DeviceObservation& seen) {
  const bool pci = (seen.device.flags & kDevicePci) != 0;
  const unsigned regions = seen.device.num_regions;
  checks.require(
      "vfio-device", pci && regions >= kPciRegions,
      {fmt::format("a PCI device with at least {} regions", kPciRegions),
       fmt::format("{} with {} regions", pci ? "a PCI device" : "no PCI device",
                   regions)},
      {"", kReplaceDriver});
  const bool reset = (seen.device.flags & kDeviceReset) != 0;
  checks.require(
      "vfio-reset", reset,
      {"can be reset", reset ? "can be reset" : "cannot be reset"},
      {"",
       "without a reset a guest gets the state of the one before; look at "
       "reset_method in sysfs"});
  checks.require(
      "vfio-access", seen.problems.empty(),
      {"no read fails",
       seen.problems.empty() ? "none failed" : list_text(seen.problems)},
      {"", "look at the kernel log"});
}

void check_ids(SectionWriter& checks, const Gpu& gpu,
               const DeviceObservation& seen) {
  if (!seen.ids) {
    checks.skip("vfio-ids", "configuration space was not read");
    return;
  }
  const auto wanted =
      std::uint32_t{gpu.pci.device} << 16U | std::uint32_t{gpu.pci.vendor};
  const auto text = [](std::uint32_t ids) {
    return fmt::format("{:04x}:{:04x}", ids & 0xFFFFU, ids >> 16U);
  };
  const bool gone = *seen.ids == 0xFFFFFFFF;
  checks.require("vfio-ids", *seen.ids == wanted,
                 {text(wanted), text(*seen.ids)},
                 {gone ? "NVG-E006" : "",
                  gone ? "look at the kernel log for the link; a power cycle "
                         "is usually needed"
                       : kReplaceDriver});
}

void check_chains(SectionWriter& checks, const DeviceObservation& seen) {
  std::vector<std::string> problems;
  for (const auto& problem : seen.device.problems) {
    problems.push_back("device: " + problem);
  }
  std::string types;
  std::size_t untyped = 0;
  for (const auto& region : seen.regions) {
    for (const auto& problem : region.problems) {
      problems.push_back(fmt::format("region {}: {}", region.index, problem));
    }
    if (region.index < kPciRegions) {
      continue;
    }
    untyped += region.type ? 0 : 1;
    types += fmt::format(
        "{}region {} is {}", types.empty() ? "" : ", ", region.index,
        region.type ? fmt::format("type {:#x}, subtype {:#x}",
                                  region.type->type, region.type->subtype)
                    : "of no type");
  }
  checks.require(
      "vfio-capabilities", problems.empty(),
      {"chains that end, inside the answers, without overlaps",
       problems.empty() ? "as expected" : list_text(problems)},
      {"", "user space may follow them anywhere; replace the driver"});
  if (types.empty()) {
    checks.skip("vfio-types", "the device has no regions of its own kind");
    return;
  }
  checks.require("vfio-types", untyped == 0, {"each has a type", types},
                 {"", "nobody can know what they are; replace the driver"});
}

// Why the driver shows no memory: the first reason of firmware or driver.
std::string_view fallback_reason(const Gpu& gpu) {
  for (const auto& found : gpu.findings) {
    const bool of_memory =
        found.reason->id >= "NVG-E010" && found.reason->id <= "NVG-E016";
    if (of_memory || found.reason->id == "NVG-E045") {
      return found.reason->id;
    }
  }
  return "";
}

void check_layout(SectionWriter& checks, const RegionJudgement& judgement) {
  const auto& [subject, seen, plan, layout] = judgement;
  const Comparison comparison{
      std::string(to_string(plan.layout)),
      layout ? std::string(to_string(*layout)) : "none that is known"};
  if (layout == Layout::plain) {
    const bool generic = subject.gpu.driver_role == DriverRole::vfio_pci;
    checks.prefer(
        "vfio-layout", plan.layout == Layout::plain, comparison,
        {fallback_reason(subject.gpu),
         generic ? "vfio-pci knows no coherent memory; bind the GPU with "
                   "nvgpuctl bind"
                 : "the driver found no memory in ACPI and fell back to plain "
                   "PCI; see the firmware checks and the kernel log"});
    return;
  }
  if (layout == Layout::single && plan.layout == Layout::single) {
    checks.remark("vfio-layout", false, comparison,
                  {"",
                   "this layout is for tests: NVIDIA's guest driver looks for "
                   "the memory at BAR 4; load the driver with layout=split"});
    return;
  }
  const bool as_posted_in_2023 =
      layout == Layout::single && !is_sparse(seen.region(2));
  checks.require(
      "vfio-layout", layout == plan.layout, comparison,
      {"", as_posted_in_2023 ? "this is the driver as posted in 2023, on whose "
                               "BAR QEMU aborts; replace it"
                             : "load the driver with layout=" +
                                   std::string(to_string(plan.layout))});
}

void check_bar_sizes(SectionWriter& checks, const DeviceObservation& seen) {
  const auto size_of = [&](unsigned index) {
    const ObservedRegion* region = seen.region(index);
    return region == nullptr ? std::string("not read") : hex(region->size);
  };
  checks.require(
      "vfio-power-of-two",
      has_bar_size(seen.region(2)) && has_bar_size(seen.region(4)),
      {"sizes are powers of two",
       fmt::format("region 2: {}, region 4: {}", size_of(2), size_of(4))},
      {"", "QEMU aborts on such a BAR; replace the driver"});
}

void check_command(SectionWriter& checks, const DeviceObservation& seen) {
  if (!seen.command_before || !seen.command_during || !seen.command_after) {
    checks.skip("vfio-command", "the command register was not read");
    return;
  }
  checks.require(
      "vfio-command",
      (*seen.command_during & kMemoryDecode) != 0 &&
          *seen.command_after == *seen.command_before,
      {"memory decode can be switched on and is put back",
       fmt::format("{:#x}, then {:#x}, then {:#x}", *seen.command_before,
                   *seen.command_during, *seen.command_after)},
      {"", "unbind the GPU and bind it again before a guest uses it"});
}

constexpr std::string_view kWait =
    "wait up to 30 seconds after a reset; if it stays, power-cycle the host";

void check_ready(SectionWriter& checks, std::string_view id,
                 const std::optional<std::uint32_t>& value,
                 std::string_view reason) {
  if (!value) {
    checks.skip(id, "the register in BAR 0 was not read");
    return;
  }
  checks.require(id, *value == kRegisterReady,
                 {hex(kRegisterReady), hex(*value)}, {reason, kWait});
}

void check_readiness(SectionWriter& checks, const Gpu& gpu,
                     const DeviceObservation& seen) {
  if (!gpu.pci.config || !gpu.pci.config->cxl_device_dvsec()) {
    check_ready(checks, "vfio-c2c-ready", seen.c2c_ready, "NVG-E012");
    check_ready(checks, "vfio-hbm-ready", seen.hbm_ready, "");
    checks.skip("vfio-cxl-ready", "the GPU has no CXL DVSEC");
    return;
  }
  for (const auto* id : {"vfio-c2c-ready", "vfio-hbm-ready"}) {
    checks.skip(id, "the GPU's CXL DVSEC tells instead");
  }
  if (!seen.cxl_range) {
    checks.skip("vfio-cxl-ready", "this kernel's VFIO does not show the DVSEC");
    return;
  }
  checks.require("vfio-cxl-ready",
                 (*seen.cxl_range & kCxlRangeReady) == kCxlRangeReady,
                 {"bits 0 and 1 set", hex(*seen.cxl_range)}, {"", kWait});
}

// Old kernels cannot make dma-bufs of any region, and guests work without.
void check_dma_buf(SectionWriter& checks, const DeviceObservation& seen) {
  if (!seen.dma_buf || *seen.dma_buf == ENOTTY) {
    checks.skip("vfio-dma-buf",
                seen.dma_buf ? "this kernel has none for VFIO" : "not asked");
    return;
  }
  checks.remark("vfio-dma-buf", *seen.dma_buf == 0,
                {"supported",
                 *seen.dma_buf == 0 ? "supported" : errno_text(*seen.dma_buf)},
                {"",
                 "guests work; peer-to-peer DMA to this GPU's memory by way of "
                 "IOMMUFD does not"});
}

void check_kvm(SectionWriter& checks, const HostSnapshot& host) {
  const auto& cacheable = host.virtualization.kvm_cacheable_pfnmap;
  if (!cacheable) {
    checks.skip("vfio-kvm", "KVM could not be asked");
    return;
  }
  checks.remark(
      "vfio-kvm", cacheable->value, {"1", cacheable->value ? "1" : "0"},
      {"NVG-W052",
       "a guest starts and cannot use the GPU's memory as cacheable memory; "
       "boot Linux 6.17 or newer, or a vendor kernel that carries the change"});
}

}  // namespace

std::optional<std::uint64_t> physical_bar(const Gpu& gpu, unsigned index) {
  const auto found =
      std::find_if(gpu.pci.bars.begin(), gpu.pci.bars.end(),
                   [&](const PciBar& bar) { return bar.index == index; });
  return found == gpu.pci.bars.end() ? std::nullopt
                                     : std::optional(found->size);
}

std::string bytes_text(std::uint64_t size) {
  return fmt::format("{} ({})", hex(size), human_size(size));
}

std::string errno_text(int error) {
  return error == 0 ? "done" : std::generic_category().message(error);
}

std::string list_text(const std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), kShown); ++i) {
    text += (i == 0 ? "" : "; ") + lines[i];
  }
  if (lines.size() > kShown) {
    text += fmt::format("; and {} more", lines.size() - kShown);
  }
  return text;
}

std::uint64_t mappable(const ObservedRegion* region) {
  std::uint64_t sum = 0;
  if (is_sparse(region)) {
    for (const auto& area : *region->sparse) {
      if (__builtin_add_overflow(sum, area.size, &sum)) {
        return std::numeric_limits<std::uint64_t>::max();
      }
    }
  }
  return sum;
}

RegionPlan expected_regions(const VfioSubject& subject) {
  const auto& [host, gpu, attributes] = subject;
  const Layout layout = attributes && attributes->layout == "single"
                            ? Layout::single
                            : Layout::split;
  // A _DSD that is computed at run time is known to the driver alone.
  const bool by_driver = !gpu.memory_base || !gpu.memory_size;
  if (by_driver && (!attributes || attributes->coherent_size == 0)) {
    return {layout, std::nullopt, std::nullopt};
  }
  auto plan = plan_regions(
      by_driver ? attributes->coherent_base : gpu.memory_base->value,
      by_driver ? attributes->coherent_size : gpu.memory_size->value, layout,
      gpu.erratum.value);
  return plan ? *plan : RegionPlan{layout, std::nullopt, std::nullopt};
}

CheckSection check_regions(const VfioSubject& subject,
                           const DeviceObservation& seen) {
  const RegionJudgement judgement{
      subject, seen, expected_regions(subject),
      recognise_layout(seen, physical_bar(subject.gpu, 2))};
  SectionWriter checks("vfio");
  checks.require("vfio-open", true, {"can be opened", seen.path}, {});
  check_device(checks, seen);
  check_ids(checks, subject.gpu, seen);
  check_chains(checks, seen);
  check_layout(checks, judgement);
  check_bar_sizes(checks, seen);
  check_parts(checks, judgement);
  check_driver(checks, judgement);
  check_command(checks, seen);
  check_readiness(checks, subject.gpu, seen);
  check_dma_buf(checks, seen);
  check_kvm(checks, subject.host);
  return checks.take();
}

}  // namespace nvgpuctl
