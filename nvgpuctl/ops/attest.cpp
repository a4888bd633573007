// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/attest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "ops/config_registers.hpp"

namespace nvgpuctl {
namespace {

using std::chrono::milliseconds;

// <linux/vfio.h>, which only host/ includes.
constexpr unsigned kVgaRegion = 8;        // VFIO_PCI_VGA_REGION_INDEX
constexpr std::uint32_t kInfoSize = 32;   // struct vfio_region_info
constexpr std::uint32_t kShortSize = 24;  // without its offset
constexpr std::uint32_t kDmaBuf = 11;     // VFIO_DEVICE_FEATURE_DMA_BUF, 6.19
// No driver has more than a few regions of its own behind the nine of PCI.
constexpr unsigned kMaxRegions = 64;

// BAR 0 of the GPU; mainline drivers/vfio/pci/nvgrace-gpu/main.c polls them.
constexpr std::uint64_t kC2cReadyOffset = 0x1498;
constexpr std::uint64_t kHbmReadyOffset = 0x200BC;
// CXL 3.1, 8.1.3: the DVSEC's vendor is in the dword at +4, Size Low of range 1
// at +0x1C.
constexpr std::uint16_t kCxlVendor = 0x1E98;
constexpr std::uint16_t kCxlVendorOffset = 0x04;
constexpr std::uint16_t kCxlRangeOffset = 0x1C;

constexpr milliseconds kReadyStep{100};

class Observer {
 public:
  Observer(VfioDevice& device, const AttestOptions& options)
      : device_(device), options_(options) {}

  Result<DeviceObservation> run();

 private:
  Result<> describe();
  Result<> size_bars();
  void look_at_memory();
  void read_readiness();
  bool ready() const;
  void wait_ready();
  void behave(unsigned index);
  void ask_short(const ObservedRegion& region, RegionBehaviour& seen);
  void read_tail(const ObservedRegion& region, std::uint64_t memory,
                 RegionBehaviour& seen);
  void map(const ObservedRegion& region, std::uint64_t memory,
           RegionBehaviour& seen);
  std::optional<std::uint64_t> read_eight(unsigned index, std::uint64_t offset);

  VfioDevice& device_;
  const AttestOptions& options_;
  DeviceObservation seen_;
};

Result<DeviceObservation> Observer::run() {
  auto described = describe();
  if (!described) {
    return forward_error(described);
  }
  auto sized = size_bars();
  if (!sized) {
    return forward_error(sized);
  }
  MemoryDecode decode(device_);
  if (seen_.region(kConfigRegion) != nullptr) {
    seen_.ids = read_word(device_, kConfigRegion, 0, seen_.problems);
    decode.enable(seen_);
  }
  look_at_memory();
  auto restored = decode.restore(seen_);
  if (!restored) {
    return forward_error(restored);
  }
  return std::move(seen_);
}

Result<> Observer::describe() {
  auto info = device_.device_info();
  if (!info) {
    return forward_error(info);
  }
  seen_.device = std::move(*info);
  for (unsigned index = 0; index < seen_.device.num_regions; ++index) {
    if (index == kMaxRegions) {
      seen_.problems.push_back(
          fmt::format("it claims {} regions; the first {} were looked at",
                      seen_.device.num_regions, kMaxRegions));
      break;
    }
    auto one = device_.region_info(index);
    if (!one && index == kVgaRegion) {
      continue;  // refused by devices that are no VGA device
    }
    if (!one) {
      return forward_error(one);
    }
    if (one->index != index) {
      one->problems.push_back(
          fmt::format("the answer is for region {}", one->index));
      one->index = index;
    }
    seen_.regions.push_back(std::move(*one));
  }
  return {};
}

Result<> Observer::size_bars() {
  for (const unsigned index : {2U, 4U}) {
    const ObservedRegion* region = seen_.region(index);
    if (region == nullptr || region->size == 0 ||
        seen_.region(kConfigRegion) == nullptr) {
      continue;
    }
    auto sizing = size_bar(device_, index, seen_.problems);
    if (!sizing) {
      return forward_error(sizing);
    }
    seen_.behaviour(index).bar = *sizing;
  }
  return {};
}

void Observer::look_at_memory() {
  wait_ready();
  behave(2);
  behave(4);
  seen_.dma_buf = device_.try_feature(kDmaBuf);
}

void Observer::read_readiness() {
  if (options_.cxl_dvsec && seen_.region(kConfigRegion) != nullptr) {
    const std::uint64_t dvsec = *options_.cxl_dvsec;
    const auto header = read_word(device_, kConfigRegion,
                                  dvsec + kCxlVendorOffset, seen_.problems);
    // Old kernels hide capabilities that they do not know.
    if (header && (*header & 0xFFFFU) == kCxlVendor) {
      seen_.cxl_range = read_word(device_, kConfigRegion,
                                  dvsec + kCxlRangeOffset, seen_.problems);
    }
    return;
  }
  const ObservedRegion* registers = seen_.region(0);
  if (registers == nullptr || registers->size < kHbmReadyOffset + 4) {
    return;
  }
  seen_.c2c_ready = read_word(device_, 0, kC2cReadyOffset, seen_.problems);
  seen_.hbm_ready = read_word(device_, 0, kHbmReadyOffset, seen_.problems);
}

// Also when nothing could be read: waiting would not change that.
bool Observer::ready() const {
  if (options_.cxl_dvsec) {
    return (seen_.cxl_range.value_or(kCxlRangeReady) & kCxlRangeReady) ==
           kCxlRangeReady;
  }
  return seen_.c2c_ready.value_or(kRegisterReady) == kRegisterReady &&
         seen_.hbm_ready.value_or(kRegisterReady) == kRegisterReady;
}

void Observer::wait_ready() {
  read_readiness();
  const bool dead = seen_.ids == 0xFFFFFFFFU;  // nobody answers
  if (ready() || dead || !options_.pause) {
    return;
  }
  if (options_.tell) {
    options_.tell(fmt::format("waiting up to {} s for the GPU's memory",
                              options_.ready_timeout.count() / 1000));
  }
  const std::size_t known_problems = seen_.problems.size();
  for (milliseconds waited{0}; waited < options_.ready_timeout && !ready();
       waited += kReadyStep) {
    options_.pause(kReadyStep);
    seen_.problems.resize(known_problems);  // not the same again each time
    read_readiness();
  }
}

// Nothing of this is done to a region that is a BAR of the hardware.
void Observer::behave(unsigned index) {
  const ObservedRegion* region = seen_.region(index);
  if (!is_sparse(region) || region->sparse->size() != 1) {
    return;
  }
  const auto& area = region->sparse->front();
  if (area.offset != 0 || area.size == 0 || area.size > region->size) {
    return;
  }
  RegionBehaviour& seen = seen_.behaviour(index);
  ask_short(*region, seen);
  read_tail(*region, area.size, seen);
  map(*region, area.size, seen);
  seen.ioeventfd = device_.try_ioeventfd(index, 0);
}

void Observer::ask_short(const ObservedRegion& region, RegionBehaviour& seen) {
  seen.without_capabilities =
      device_.try_short_region_info(region.index, kInfoSize);
  seen.too_short = device_.try_short_region_info(region.index, kShortSize);
}

void Observer::read_tail(const ObservedRegion& region, std::uint64_t memory,
                         RegionBehaviour& seen) {
  constexpr std::uint64_t kWidth = 8;
  if (region.size - memory >= kWidth) {
    seen.tail_first = read_eight(region.index, memory);
    seen.tail_last = read_eight(region.index, region.size - kWidth);
  }
  // Behind a region as large as can be the next one begins.
  constexpr std::uint64_t kLargestRegion = 1ULL << 40U;
  if (region.size < kLargestRegion) {
    seen.read_outside = device_.try_read(region.index, region.size);
  }
}

std::optional<std::uint64_t> Observer::read_eight(unsigned index,
                                                  std::uint64_t offset) {
  std::array<std::uint8_t, 8> bytes{};
  const auto read = device_.read(index, offset, bytes);
  if (!read) {
    seen_.problems.push_back(fmt::format("region {} at {:#x}: {}", index,
                                         offset, read.error().problem));
    return std::nullopt;
  }
  return read_le<std::uint64_t>(bytes, 0);
}

// One page at each place: a kernel that maps at once, without waiting for a
// fault, would need minutes for everything.
void Observer::map(const ObservedRegion& region, std::uint64_t memory,
                   RegionBehaviour& seen) {
  const std::size_t page = options_.page_size;
  const unsigned index = region.index;
  if (memory < page || memory % page != 0) {
    seen_.problems.push_back(
        fmt::format("region {}: {:#x} bytes are not made of pages of {:#x}",
                    index, memory, page));
    return;
  }
  seen.map_first = device_.try_map({index, 0, page});
  seen.map_last = device_.try_map({index, memory - page, page});
  seen.map_behind = device_.try_map({index, memory, page});
  seen.map_across = device_.try_map({index, memory - page, 2 * page});
  seen.map_private = device_.try_map({index, 0, page, MapKind::private_copy});
}

}  // namespace

Result<DeviceObservation> observe(VfioDevice& device,
                                  const AttestOptions& options) {
  return Observer(device, options).run();
}

}  // namespace nvgpuctl
