// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/pci_config.hpp"

#include <fmt/format.h>
#include <linux/pci_regs.h>

#include <algorithm>
#include <bitset>

namespace nvgpuctl {
namespace {

constexpr std::uint16_t kVendorNvidia = 0x10DE;
constexpr std::uint16_t kVendorCxl = 0x1E98;  // CXL consortium

// NVIDIA's DVSEC that tells about the MIG erratum, and the word in it
// (mainline drivers/vfio/pci/nvgrace-gpu/main.c).
constexpr std::uint16_t kNvidiaMemoryDvsec = 3;
constexpr std::size_t kMigErratumWord = 0xA;

constexpr std::uint32_t kAllOnes32 = 0xFFFFFFFF;
constexpr std::size_t kUnprivilegedSize = PCI_STD_HEADER_SIZEOF;

// Follows both capability lists of one configuration space. Firmware, a dying
// device or a forged capture can make the lists loop or leave the space.
class CapabilityWalk {
 public:
  CapabilityWalk(Bytes bytes, PciConfig& config)
      : bytes_(bytes), config_(config) {}

  void standard_list();
  void extended_list();

 private:
  void read_dvsec(std::uint16_t offset);
  void read_sriov(std::uint16_t offset);
  void warn(std::string text) { config_.warnings.push_back(std::move(text)); }

  Bytes bytes_;
  PciConfig& config_;
};

void CapabilityWalk::standard_list() {
  // An unprivileged reader gets the header alone; that is no defect.
  if ((config_.status & PCI_STATUS_CAP_LIST) == 0 ||
      bytes_.size() == kUnprivilegedSize) {
    return;
  }
  const Bytes space =
      bytes_.first(std::min<std::size_t>(bytes_.size(), PCI_CFG_SPACE_SIZE));
  std::bitset<PCI_CFG_SPACE_SIZE> seen;
  std::uint8_t at = space[PCI_CAPABILITY_LIST] & 0xFCU;
  while (at != 0) {
    const auto header = read_le<std::uint16_t>(space, at);
    if (at < PCI_STD_HEADER_SIZEOF || !header) {
      warn(fmt::format("capability list leads to {:#x}, outside of the list",
                       at));
      return;
    }
    if (seen.test(at)) {
      warn(fmt::format("capability list loops at {:#x}", at));
      return;
    }
    seen.set(at);
    const auto id = static_cast<std::uint16_t>(*header & 0xFFU);
    if (id == 0xFF) {
      warn(fmt::format("capability at {:#x} reads as all ones", at));
      return;
    }
    config_.capabilities.push_back({.id = id, .offset = at});
    at = static_cast<std::uint8_t>(*header >> 8U & 0xFCU);
  }
}

void CapabilityWalk::extended_list() {
  const Bytes space = bytes_.first(
      std::min<std::size_t>(bytes_.size(), PCI_CFG_SPACE_EXP_SIZE));
  std::bitset<PCI_CFG_SPACE_EXP_SIZE> seen;
  std::uint16_t at = PCI_CFG_SPACE_SIZE;
  while (at != 0) {
    const auto header = read_le<std::uint32_t>(space, at);
    if (at < PCI_CFG_SPACE_SIZE || !header) {
      warn(fmt::format(
          "extended capability list leads to {:#x}, outside of the list", at));
      return;
    }
    if (seen.test(at)) {
      warn(fmt::format("extended capability list loops at {:#x}", at));
      return;
    }
    seen.set(at);
    const bool nothing = *header == 0 || *header == kAllOnes32;
    if (nothing && at == PCI_CFG_SPACE_SIZE) {
      return;  // how a function says that it has no extended capability
    }
    if (nothing) {
      warn(
          fmt::format("extended capability at {:#x} is {:#010x}", at, *header));
      return;
    }
    const auto id = static_cast<std::uint16_t>(PCI_EXT_CAP_ID(*header));
    const auto version = static_cast<std::uint8_t>(PCI_EXT_CAP_VER(*header));
    config_.capabilities.push_back(
        {.id = id, .offset = at, .version = version, .extended = true});
    if (id == PCI_EXT_CAP_ID_DVSEC) {
      read_dvsec(at);
    } else if (id == PCI_EXT_CAP_ID_SRIOV) {
      read_sriov(at);
    }
    at = static_cast<std::uint16_t>(PCI_EXT_CAP_NEXT(*header));
  }
}

void CapabilityWalk::read_dvsec(std::uint16_t offset) {
  const auto header1 =
      read_le<std::uint32_t>(bytes_, offset + std::size_t{PCI_DVSEC_HEADER1});
  const auto header2 =
      read_le<std::uint16_t>(bytes_, offset + std::size_t{PCI_DVSEC_HEADER2});
  if (!header1 || !header2) {
    warn(fmt::format("DVSEC at {:#x} is cut off", offset));
    return;
  }
  const PciDvsec dvsec{
      .vendor = static_cast<std::uint16_t>(*header1 & 0xFFFFU),
      .id = *header2,
      .offset = offset,
      .length = static_cast<std::uint16_t>(*header1 >> 20U),
  };
  config_.dvsecs.push_back(dvsec);
  if (dvsec.vendor != kVendorNvidia || dvsec.id != kNvidiaMemoryDvsec ||
      config_.mig_erratum_fixed) {
    return;
  }
  // The driver does not look at the length either; a short one is odd enough
  // to be told, but must not make us judge differently from the driver.
  if (dvsec.length < kMigErratumWord + sizeof(std::uint16_t)) {
    warn(fmt::format("NVIDIA DVSEC 3 at {:#x} claims only {} bytes", offset,
                     dvsec.length));
  }
  const auto word = read_le<std::uint16_t>(bytes_, offset + kMigErratumWord);
  if (!word) {
    warn(fmt::format("NVIDIA DVSEC 3 at {:#x} is cut off", offset));
    return;
  }
  config_.mig_erratum_fixed = (*word & 1U) != 0;
}

void CapabilityWalk::read_sriov(std::uint16_t offset) {
  const auto field = [&](std::size_t at) {
    return read_le<std::uint16_t>(bytes_, offset + at);
  };
  const auto initial = field(PCI_SRIOV_INITIAL_VF);
  const auto total = field(PCI_SRIOV_TOTAL_VF);
  const auto num = field(PCI_SRIOV_NUM_VF);
  if (!initial || !total || !num) {
    warn(fmt::format("SR-IOV capability at {:#x} is cut off", offset));
    return;
  }
  if (!config_.sriov) {
    config_.sriov = PciSriov{*total, *initial, *num};
  }
}

// Only called with at least 64 bytes, so every field of the header is there.
void read_header(Bytes bytes, PciConfig& config) {
  const auto word = [&](std::size_t at) {
    return read_le<std::uint16_t>(bytes, at).value_or(0);
  };
  config.vendor = word(PCI_VENDOR_ID);
  config.device = word(PCI_DEVICE_ID);
  config.status = word(PCI_STATUS);
  const auto class_revision =
      read_le<std::uint32_t>(bytes, PCI_CLASS_REVISION).value_or(0);
  config.revision = static_cast<std::uint8_t>(class_revision & 0xFFU);
  config.class_code = class_revision >> 8U;
  // Bridges keep other things at these offsets.
  const unsigned header_type = bytes[PCI_HEADER_TYPE] & 0x7FU;
  if (header_type == PCI_HEADER_TYPE_NORMAL) {
    config.subsystem_vendor = word(PCI_SUBSYSTEM_VENDOR_ID);
    config.subsystem_device = word(PCI_SUBSYSTEM_ID);
  }
}

}  // namespace

std::optional<std::uint16_t> PciConfig::cxl_device_dvsec() const {
  const auto found =
      std::find_if(dvsecs.begin(), dvsecs.end(), [](const PciDvsec& dvsec) {
        return dvsec.vendor == kVendorCxl && dvsec.id == 0;
      });
  return found == dvsecs.end() ? std::nullopt : std::optional(found->offset);
}

Result<PciConfig> parse_pci_config(Bytes bytes) {
  if (bytes.size() < kUnprivilegedSize) {
    return fail(
        Errc::malformed, "configuration space",
        fmt::format("{} bytes, but the header alone has 64", bytes.size()));
  }
  PciConfig config;
  config.bytes_read = bytes.size();
  config.extended_readable = bytes.size() > PCI_CFG_SPACE_SIZE;
  if (read_le<std::uint32_t>(bytes, PCI_VENDOR_ID) == kAllOnes32) {
    config.present = false;
    return config;
  }
  read_header(bytes, config);
  CapabilityWalk walk(bytes, config);
  walk.standard_list();
  if (config.extended_readable) {
    walk.extended_list();
  }
  return config;
}

}  // namespace nvgpuctl
