// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/function.hpp"

#include <linux/pci_regs.h>

#include <bit>

namespace nvgpuctl::gpusim {
namespace {

using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

constexpr uint16_t kNvidia = 0x10DE;
// CXL 3.1, 8.1.3: the DVSEC of CXL devices has id 0.
constexpr uint16_t kCxl = 0x1E98;
// Where the erratum bit is in NVIDIA's DVSEC 3, as nvgrace-gpu reads it.
constexpr uint16_t kMigWord = 0xA;
// PCIe, Device Capabilities: Max_Payload_Size Supported.
constexpr uint32_t kPayload256 = 1;

void add_bar(ConfigSpace& config, unsigned index, std::uint64_t size) {
  const std::size_t at = PCI_BASE_ADDRESS_0 + std::size_t{4} * index;
  const std::uint64_t mask = ~(size - 1);
  // /sys/…/resource of a GH200 has flags 0x14220c for all three.
  config.define<uint32_t>(
      at, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
      static_cast<uint32_t>(mask) & ~0xFU);
  config.define<uint32_t>(at + 4, 0, static_cast<uint32_t>(mask >> 32U));
}

void add_header(ConfigSpace& config, const GpuOptions& options) {
  config.define<uint16_t>(PCI_VENDOR_ID, kNvidia);
  config.define<uint16_t>(PCI_DEVICE_ID, options.device_id);
  config.define<uint16_t>(PCI_COMMAND, 0,
                          PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
                              PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
                              PCI_COMMAND_INTX_DISABLE);
  config.define<uint16_t>(PCI_STATUS, PCI_STATUS_CAP_LIST, 0, 0xF900);
  config.define<uint32_t>(PCI_CLASS_REVISION, 0x030200A1);
  config.define<uint8_t>(PCI_CACHE_LINE_SIZE, 0, 0xFF);
  for (unsigned i = 0; i < options.bar_sizes.size(); ++i) {
    add_bar(config, 2 * i, options.bar_sizes.at(i));
  }
  config.define<uint16_t>(PCI_SUBSYSTEM_VENDOR_ID, kNvidia);
  config.define<uint16_t>(PCI_SUBSYSTEM_ID, options.subsystem_id);
  config.define<uint8_t>(PCI_INTERRUPT_LINE, 0, 0xFF);
}

void add_power_management(Function& function, uint8_t at,
                          const GpuOptions& options) {
  function.pm = at;
  auto& config = function.config.capability(at, PCI_CAP_ID_PM);
  config.define<uint16_t>(at + PCI_PM_PMC, 3);
  // As a rule what the driver had set up survives D3hot.
  constexpr uint16_t kNoSoftReset = PCI_PM_CTRL_NO_SOFT_RESET;
  config.define<uint16_t>(at + PCI_PM_CTRL,
                          options.soft_reset ? uint16_t{0} : kNoSoftReset,
                          PCI_PM_CTRL_STATE_MASK);
}

void add_msi(Function& function, uint8_t at) {
  function.msi = at;
  auto& config = function.config.capability(at, PCI_CAP_ID_MSI);
  constexpr uint16_t kLog2Vectors = std::countr_zero(kMsiVectors);
  config.define<uint16_t>(
      at + PCI_MSI_FLAGS,
      PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT | kLog2Vectors << 1U,
      PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
  config.define<uint32_t>(at + PCI_MSI_ADDRESS_LO, 0, 0xFFFFFFFC);
  config.define<uint32_t>(at + PCI_MSI_ADDRESS_HI, 0, 0xFFFFFFFF);
  config.define<uint16_t>(at + PCI_MSI_DATA_64, 0, 0xFFFF);
  config.define<uint32_t>(at + PCI_MSI_MASK_64, 0, 0xFFFF);
}

// The link of the coherent memory is another one; this is a synthetic x1.
void add_express(Function& function, uint8_t at) {
  function.express = at;
  auto& config = function.config.capability(at, PCI_CAP_ID_EXP);
  config.define<uint16_t>(at + PCI_EXP_FLAGS, 2);  // version 2, endpoint
  config.define<uint32_t>(at + PCI_EXP_DEVCAP,
                          kPayload256 | PCI_EXP_DEVCAP_EXT_TAG |
                              PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
  // Bit 15 starts a function level reset; Gpu takes it from here.
  config.define<uint16_t>(at + PCI_EXP_DEVCTL,
                          PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
                              PCI_EXP_DEVCTL_READRQ_512B,
                          0xFFFF);
  config.define<uint16_t>(at + PCI_EXP_DEVSTA, 0, 0, 0xF);
  config.define<uint32_t>(at + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_16_0GB |
                                                   1U << 4U |
                                                   PCI_EXP_LNKCAP_CLKPM);
  config.define<uint16_t>(at + PCI_EXP_LNKCTL, 0, 0x01CB);
  config.define<uint16_t>(at + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_16_0GB |
                                                   PCI_EXP_LNKSTA_NLW_X1 |
                                                   PCI_EXP_LNKSTA_SLC);
  config.define<uint32_t>(at + PCI_EXP_DEVCAP2,
                          PCI_EXP_DEVCAP2_COMP_TMOUT_DIS | PCI_EXP_DEVCAP2_LTR);
  config.define<uint16_t>(at + PCI_EXP_DEVCTL2, 0,
                          PCI_EXP_DEVCTL2_COMP_TIMEOUT |
                              PCI_EXP_DEVCTL2_COMP_TMOUT_DIS |
                              PCI_EXP_DEVCTL2_LTR_EN);
  config.define<uint32_t>(at + PCI_EXP_LNKCAP2, PCI_EXP_LNKCAP2_SLS_2_5GB |
                                                    PCI_EXP_LNKCAP2_SLS_5_0GB |
                                                    PCI_EXP_LNKCAP2_SLS_8_0GB |
                                                    PCI_EXP_LNKCAP2_SLS_16_0GB);
  config.define<uint16_t>(at + PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS_16_0GT,
                          PCI_EXP_LNKCTL2_TLS);
}

void add_vendor_specific(Function& function, uint8_t at, uint8_t length) {
  function.config.capability(at, PCI_CAP_ID_VNDR)
      .define<uint8_t>(at + 2, length);
}

void add_msix(Function& function, uint8_t at) {
  function.msix = at;
  auto& config = function.config.capability(at, PCI_CAP_ID_MSIX);
  config.define<uint16_t>(at + PCI_MSIX_FLAGS, kMsixVectors - 1,
                          PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
  // The low three bits are the number of the BAR: 0.
  config.define<uint32_t>(at + PCI_MSIX_TABLE, kMsixTable);
  config.define<uint32_t>(at + PCI_MSIX_PBA, kMsixPending);
}

void add_error_reporting(ConfigSpace& config, uint16_t at) {
  config.extended(at, PCI_EXT_CAP_ID_ERR, 2);
  config.define<uint32_t>(at + PCI_ERR_UNCOR_STATUS, 0, 0, 0x07FFF030);
  config.define<uint32_t>(at + PCI_ERR_UNCOR_MASK, 0, 0x07FFF030);
  config.define<uint32_t>(at + PCI_ERR_UNCOR_SEVER, 0x00462030, 0x07FFF030);
  config.define<uint32_t>(at + PCI_ERR_COR_STATUS, 0, 0, 0xF1C1);
  config.define<uint32_t>(at + PCI_ERR_COR_MASK, 0xE000, 0xF1C1);
}

void add_latency_tolerance(ConfigSpace& config, uint16_t at) {
  config.extended(at, PCI_EXT_CAP_ID_LTR)
      .define<uint32_t>(at + PCI_LTR_MAX_SNOOP_LAT, 0, 0x1FFF1FFF);
}

// BAR2 alone, and with no other size than the one it has.
void add_resizable_bar(ConfigSpace& config, uint16_t at, std::uint64_t size) {
  const auto log2_mib =
      static_cast<unsigned>(std::countr_zero(size)) - 20;  // 0 is 1 MiB
  config.extended(at, PCI_EXT_CAP_ID_REBAR);
  config.define<uint32_t>(at + PCI_REBAR_CAP,
                          log2_mib < 28 ? 1U << (log2_mib + 4) : 0);
  config.define<uint32_t>(at + PCI_REBAR_CTRL,
                          2U | 1U << PCI_REBAR_CTRL_NBAR_SHIFT |
                              log2_mib << PCI_REBAR_CTRL_BAR_SHIFT);
}

void add_power_budgeting(ConfigSpace& config, uint16_t at) {
  config.extended(at, PCI_EXT_CAP_ID_PWR)
      .define<uint8_t>(at + PCI_PWR_DSR, 0, 0xFF);
}

void add_serial_number(ConfigSpace& config, uint16_t at) {
  config.extended(at, PCI_EXT_CAP_ID_DSN);
  // Any would do. It says what this is: "nvgpusim".
  config.define<uint32_t>(at + 4, 0x6D697375);
  config.define<uint32_t>(at + 8, 0x7067766E);
}

void add_mig_dvsec(Function& function, const GpuOptions& options, uint16_t at) {
  if (options.dvsec) {
    function.dvsec = at;
    function.config.dvsec(at, kNvidia, 3, 0x10);
    set_mig_erratum_fixed(function, options.mig_erratum_fixed);
  }
}

// What its registers say changes with time; Gpu keeps them.
void add_cxl_dvsec(Function& function, const GpuOptions& options, uint16_t at) {
  if (options.cxl) {
    function.cxl = at;
    function.config.dvsec(at, kCxl, 0, 0x3C);
    // CXL 3.1, 8.1.3.1: memory capable, one range.
    function.config.define<uint16_t>(at + 0xA, 0x0014);
  }
}

void add_hopper_capabilities(Function& function, const GpuOptions& options) {
  add_power_management(function, 0x40, options);
  add_msi(function, 0x48);
  add_express(function, 0x60);
  add_vendor_specific(function, 0x9C, 0x14);
  add_msix(function, 0xB0);

  auto& config = function.config;
  // Something must be at 0x100. SR-IOV (at 0x250) is left out: nothing that
  // the lab tests needs virtual functions, and QEMU would hide it.
  config.extended(0x100, PCI_EXT_CAP_ID_SECPCI);
  add_latency_tolerance(config, 0x12C);
  add_resizable_bar(config, 0x134, options.bar_sizes[1]);
  add_error_reporting(config, 0x1B8);
  config.extended(0x2A4, PCI_EXT_CAP_ID_VNDR);
  config.define<uint32_t>(0x2A4 + PCI_VNDR_HEADER, 0x01410001);
  add_power_budgeting(config, 0x2B8);
  add_serial_number(config, 0x2F0);
  // No Hopper has this one; it is for drivers that would take it.
  add_cxl_dvsec(function, options, 0x400);
  add_mig_dvsec(function, options, 0xBA4);
}

void add_blackwell_capabilities(Function& function, const GpuOptions& options) {
  add_express(function, 0x40);
  add_msix(function, 0x7C);
  add_power_management(function, 0x88, options);
  add_vendor_specific(function, 0x90, 0x14);
  add_vendor_specific(function, 0xA4, 0x14);

  auto& config = function.config;
  add_serial_number(config, 0x100);
  add_cxl_dvsec(function, options, 0x10C);
  add_error_reporting(config, 0x148);
  add_latency_tolerance(config, 0x190);
  add_resizable_bar(config, 0x198, options.bar_sizes[1]);
  config.extended(0x244, PCI_EXT_CAP_ID_SECPCI);
  add_power_budgeting(config, 0x368);
  // Others of NVIDIA's stand before the one that tells: their ids are not
  // known, only that they are not 3.
  config.dvsec(0xAF0, kNvidia, 1, 0x1C);
  config.dvsec(0xB0C, kNvidia, 2, 0x10);
  add_mig_dvsec(function, options, 0xBA4);
}

}  // namespace

Function build_function(const GpuOptions& options) {
  Function function;
  add_header(function.config, options);
  if (is_blackwell(options.device_id)) {
    add_blackwell_capabilities(function, options);
  } else {
    add_hopper_capabilities(function, options);
  }
  return function;
}

void set_mig_erratum_fixed(Function& function, bool fixed) {
  function.config.define<uint16_t>(function.dvsec + kMigWord, fixed ? 1 : 0);
}

}  // namespace nvgpuctl::gpusim
