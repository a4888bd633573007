// SPDX-License-Identifier: GPL-2.0-or-later
#include "gpusim/gpu.hpp"

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include <algorithm>

namespace nvgpuctl::gpusim {
namespace {

// BAR0 registers that tell whether the memory is there, as nvgrace-gpu reads
// them.
constexpr std::uint64_t kC2cLink = 0x1498;
constexpr std::uint64_t kHbmTraining = 0x200BC;

// CXL 3.1, 8.1.3.8: Range 1 Size Low.
constexpr std::uint16_t kCxlRangeSizeLow = 0x1C;
constexpr std::uint32_t kCxlInfoValid = 1U << 0U;
constexpr std::uint32_t kCxlActive = 1U << 1U;
// Software has to wait 4 seconds; with the next code it would be 16, and every
// test of a GPU that never gets ready as much slower.
constexpr std::uint32_t kCxlTimeout = 1U << 13U;

constexpr std::uint64_t kMsixEntrySize = 16;

void fill_ones(std::span<std::uint8_t> out) {
  std::fill(out.begin(), out.end(), std::uint8_t{0xFF});
}

// Lays a register over what was read from `offset` on; false when the access
// does not touch it.
bool overlay(std::uint64_t offset, std::span<std::uint8_t> out,
             std::uint64_t at, std::uint64_t value, std::size_t width) {
  bool touched = false;
  for (std::size_t i = 0; i < width; ++i) {
    if (at + i >= offset && at + i - offset < out.size()) {
      out[at + i - offset] = static_cast<std::uint8_t>(value >> (8 * i));
      touched = true;
    }
  }
  return touched;
}

}  // namespace

Gpu::Gpu(const GpuOptions& options, Instant now)
    : options_(options),
      function_(build_function(options)),
      ready_(options.ready) {
  reset(now);
}

std::uint64_t Gpu::region_size(unsigned region) const {
  switch (region) {
    case VFIO_PCI_BAR0_REGION_INDEX:
    case VFIO_PCI_BAR2_REGION_INDEX:
    case VFIO_PCI_BAR4_REGION_INDEX:
      return options_.bar_sizes.at(region / 2);
    case VFIO_PCI_CONFIG_REGION_INDEX:
      return ConfigSpace::kSize;
    default:
      return 0;
  }
}

void Gpu::read(unsigned region, std::uint64_t offset,
               std::span<std::uint8_t> out, Instant now) {
  if (region != VFIO_PCI_CONFIG_REGION_INDEX) {
    read_bar(region / 2, offset, out, now);
    return;
  }
  ++counters_.config_reads;
  if (!config_answers()) {
    fill_ones(out);
    return;
  }
  refresh_cxl(now);
  function_.config.read(offset, out);
}

void Gpu::write(unsigned region, std::uint64_t offset, Bytes data,
                Instant now) {
  if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
    write_config(offset, data, now);
    return;
  }
  ++counters_.bar_writes.at(region / 2);
  if (!decodes_memory()) {
    ++counters_.unanswered;
    return;
  }
  bars_.at(region / 2).write(offset, data);
}

void Gpu::reset_device(Instant now) {
  ++counters_.device_resets;
  config_dead_ = config_dead_ || options_.config_dead;
  options_.config_dead = false;
  reset(now);
}

void Gpu::set_config_dead(bool dead) {
  config_dead_ = dead;
  options_.config_dead = false;
}

void Gpu::set_link(bool up, Instant now) {
  if (up && !link_up_) {
    ++counters_.link_resets;
    // A real GPU comes back in D0. QEMU remembers the power state that was
    // written last, though, and hides the BARs until D0 is written, which no
    // driver does that reads D0 already.
    const auto power_at = std::size_t{function_.pm} + PCI_PM_CTRL;
    const auto power = function_.config.get<std::uint16_t>(power_at);
    reset(now);
    function_.config.put(power_at, power);
  }
  link_up_ = up;
}

Result<> Gpu::set_mig_erratum_fixed(bool fixed) {
  if (function_.dvsec == 0) {
    return fail(Errc::unsupported, "dvsec",
                "this GPU was made without NVIDIA's DVSEC 3");
  }
  gpusim::set_mig_erratum_fixed(function_, fixed);
  return {};
}

Result<> Gpu::can_interrupt() const {
  if (!reachable()) {
    return fail(Errc::io, "msix", "the GPU is off the bus");
  }
  const auto command = function_.config.get<std::uint16_t>(PCI_COMMAND);
  if ((command & PCI_COMMAND_MASTER) == 0) {
    return fail(Errc::io, "msix", "bus mastering is off");
  }
  if (power_state() != 0) {
    return fail(Errc::io, "msix", "the GPU is in D3");
  }
  return {};
}

bool Gpu::take_pending(unsigned vector) {
  const std::uint64_t bit = 1ULL << vector;
  const bool was = (pending_ & bit) != 0;
  pending_ &= ~bit;
  return was;
}

bool Gpu::decodes_memory() const {
  const auto command = function_.config.get<std::uint16_t>(PCI_COMMAND);
  return reachable() && (command & PCI_COMMAND_MEMORY) != 0 &&
         power_state() == 0;
}

unsigned Gpu::power_state() const {
  return function_.config.get<std::uint16_t>(function_.pm + PCI_PM_CTRL) &
         unsigned{PCI_PM_CTRL_STATE_MASK};
}

bool Gpu::ready_now(Instant now) const {
  return ready_.after && now - reset_at_ >= *ready_.after;
}

// What a function level reset keeps of a real function (Max_Payload_Size,
// sticky error bits) is lost here as well: Linux restores what it needs.
void Gpu::reset(Instant now) {
  function_.config.reset();
  for (auto& bar : bars_) {
    bar.clear();
  }
  pending_ = 0;
  reset_at_ = now;
  // Every vector is masked: bit 0 of the entry's last dword.
  for (unsigned vector = 0; vector < kMsixVectors; ++vector) {
    const std::array<std::uint8_t, 1> masked{1};
    bars_[0].write(
        kMsixTable + vector * kMsixEntrySize + PCI_MSIX_ENTRY_VECTOR_CTRL,
        masked);
  }
}

void Gpu::write_config(std::uint64_t offset, Bytes data, Instant now) {
  ++counters_.config_writes;
  if (!config_answers()) {
    return;
  }
  auto& config = function_.config;
  const auto power_at = std::size_t{function_.pm} + PCI_PM_CTRL;
  const auto control_at = std::size_t{function_.express} + PCI_EXP_DEVCTL;
  const auto power = config.get<std::uint16_t>(power_at);
  config.write(offset, data);

  const unsigned state = power_state();
  if (state == 1 || state == 2) {
    // It has neither D1 nor D2; a function ignores a write of such a state.
    config.put(power_at, power);
  } else if (state == 3 && (power & PCI_PM_CTRL_STATE_MASK) != 3) {
    ++counters_.suspends;
  } else if (state == 0 && (power & PCI_PM_CTRL_STATE_MASK) == 3 &&
             options_.soft_reset) {
    reset(now);
  }
  const auto control = config.get<std::uint16_t>(control_at);
  if ((control & PCI_EXP_DEVCTL_BCR_FLR) != 0) {
    ++counters_.function_resets;
    reset(now);
  }
}

void Gpu::read_bar(unsigned bar, std::uint64_t offset,
                   std::span<std::uint8_t> out, Instant now) {
  ++counters_.bar_reads.at(bar);
  if (!decodes_memory()) {
    ++counters_.unanswered;
    fill_ones(out);
    return;
  }
  bars_.at(bar).read(offset, out);
  if (bar != 0) {
    return;
  }
  const bool ready = ready_now(now);
  const bool c2c = overlay(offset, out, kC2cLink, ready ? ready_.c2c : 0, 4);
  const bool hbm =
      overlay(offset, out, kHbmTraining, ready ? ready_.hbm : 0, 4);
  counters_.readiness_reads += c2c || hbm ? 1 : 0;
  overlay(offset, out, kMsixPending, pending_, 8);
}

void Gpu::refresh_cxl(Instant now) {
  if (function_.cxl == 0) {
    return;
  }
  const bool active =
      ready_now(now) && ready_.c2c == 0xFF && ready_.hbm == 0xFF;
  function_.config.put<std::uint32_t>(
      function_.cxl + kCxlRangeSizeLow,
      kCxlTimeout | kCxlInfoValid | (active ? kCxlActive : 0));
}

}  // namespace nvgpuctl::gpusim
