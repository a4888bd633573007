// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/text.hpp"
#include "core/check_table.hpp"
#include "core/gpu_check_sections.hpp"

namespace nvgpuctl {
namespace {

// IORESOURCE_PREFETCH and IORESOURCE_MEM_64 of the kernel's <linux/ioport.h>,
// as the sysfs file `resource` prints them.
constexpr std::uint64_t kPrefetch = 0x00002000;
constexpr std::uint64_t kMemory64 = 0x00100000;
// PCI_CLASS_DISPLAY_3D with programming interface 0, <linux/pci_ids.h>.
constexpr std::uint32_t kClass3d = 0x030200;

constexpr std::string_view kNoEcam =
    "this kernel reaches only conventional configuration space (no ECAM)";

std::string why_no_config(const Gpu& gpu) {
  const auto& problem = gpu.pci.config_problem;
  return "configuration space cannot be read" +
         (problem.empty() ? "" : ": " + problem);
}

const PciBar* find_bar(const Gpu& gpu, unsigned index) {
  for (const auto& bar : gpu.pci.bars) {
    if (bar.index == index) {
      return &bar;
    }
  }
  return nullptr;
}

void check_bars(SectionWriter& checks, const Gpu& gpu) {
  std::string seen;
  bool good = true;
  bool without_address = false;
  for (const unsigned index : {0U, 2U, 4U}) {
    const PciBar* bar = find_bar(gpu, index);
    seen += fmt::format("{}BAR {}: ", seen.empty() ? "" : ", ", index);
    if (bar == nullptr) {
      seen += "absent";
      good = false;
      continue;
    }
    const bool sound = (bar->flags & kMemory64) != 0 &&
                       (bar->flags & kPrefetch) != 0 &&
                       std::has_single_bit(bar->size);
    seen += human_size(bar->size);
    if (!bar->is_assigned()) {
      seen += " without an address";
      without_address = true;
    }
    if (!sound || !bar->is_assigned()) {
      seen += fmt::format(" with flags {:#x}", bar->flags);
      good = false;
    }
  }
  checks.require("pci-bars", good,
                 {"BARs 0, 2 and 4, 64-bit and prefetchable", seen},
                 {without_address ? "NVG-E009" : "",
                  "the firmware gave the GPU no room; look for \"can't "
                  "assign\" in the kernel log"});
}

// Hopper's DVSEC 3 is absent or has its bit clear, Blackwell's has it set. The
// driver believes the bit, so a wrong one means a wrong layout.
void check_dvsec(SectionWriter& checks, const Gpu& gpu,
                 const PciConfig& config) {
  if (!config.extended_readable) {
    checks.skip("pci-dvsec", config.is_conventional_only()
                                 ? kNoEcam
                                 : "extended configuration space cannot be "
                                   "read; run as root");
    return;
  }
  const bool wanted = gpu.model.family == Family::blackwell;
  const bool fixed = config.mig_erratum_fixed.value_or(false);
  const std::string seen =
      config.mig_erratum_fixed
          ? std::string("bit 0 is ") + (fixed ? "set" : "clear")
          : "no such DVSEC";
  checks.require("pci-dvsec", fixed == wanted,
                 {wanted ? "bit 0 set (erratum fixed)"
                         : "absent, or bit 0 clear (erratum present)",
                  seen},
                 {"",
                  "the driver goes by this bit; is the device id in the "
                  "right family of the device table?"});
}

}  // namespace

CheckSection check_pci(const Gpu& gpu) {
  SectionWriter checks("pci");
  if (gpu.pci.config) {
    const PciConfig& config = *gpu.pci.config;
    checks.require(
        "pci-present", config.present,
        {"an answer", config.present ? fmt::format("{:04x}:{:04x}",
                                                   config.vendor, config.device)
                                     : "every byte reads as 0xff"},
        {"NVG-E006",
         "the GPU has fallen off the bus: nothing answers at its address, and "
         "nothing else of it was looked at; see the kernel log for why (AER, "
         "pciehp, Xid 79), then power-cycle the host"});
  } else {
    checks.skip("pci-present", why_no_config(gpu));
  }
  if (has_fallen_off(gpu)) {
    // sysfs still shows the class and the BARs that it read at boot.
    for (const auto* id : {"pci-config", "pci-capabilities", "pci-dvsec",
                           "pci-class", "pci-bars"}) {
      checks.skip(id, "the GPU does not answer");
    }
    return checks.take();
  }
  if (!gpu.pci.config) {
    for (const auto* id : {"pci-config", "pci-capabilities", "pci-dvsec"}) {
      checks.skip(id, why_no_config(gpu));
    }
  } else {
    const PciConfig& config = *gpu.pci.config;
    if (config.extended_readable) {
      checks.require("pci-config", true, {"all of it", "all of it"}, {});
    } else {
      checks.skip("pci-config", config.is_conventional_only()
                                    ? kNoEcam
                                    : "only its first part; run as root");
    }
    checks.require(
        "pci-capabilities", config.warnings.empty(),
        {"lists that end",
         config.warnings.empty()
             ? fmt::format("{} capabilities", config.capabilities.size())
             : fmt::format("{}", fmt::join(config.warnings, "; "))},
        {"", "the GPU answers wrongly; reset it or power-cycle the host"});
    check_dvsec(checks, gpu, config);
  }
  checks.require("pci-class", gpu.pci.class_code == kClass3d,
                 {fmt::format("{:#08x}", kClass3d),
                  fmt::format("{:#08x}", gpu.pci.class_code)},
                 {"", "this is no GPU function; check the device table"});
  check_bars(checks, gpu);
  return checks.take();
}

}  // namespace nvgpuctl
