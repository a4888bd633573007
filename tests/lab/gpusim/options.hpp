// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/text.hpp"

namespace nvgpuctl::gpusim {

// Limits of what can be asked for, in scenarios and on the control socket.
constexpr std::uint64_t kMaxRegister = 0xFFFFFFFF;
constexpr std::uint64_t kMaxAfterMs = 86'400'000;  // a day

// What the two readiness registers say, and how long after a reset. Before,
// both are 0.
struct ReadyOptions {
  std::uint32_t c2c = 0xFF;
  std::uint32_t hbm = 0xFF;
  std::optional<std::chrono::milliseconds> after{0};  // nothing: never
};

// What kind of GPU to be. As it stands, a healthy GH200 with 96 GB.
struct GpuOptions {
  std::uint16_t device_id = 0x2342;
  std::uint16_t subsystem_id = 0x16EB;
  bool dvsec = true;  // has NVIDIA's DVSEC 3
  bool mig_erratum_fixed = false;
  bool cxl = false;         // has the DVSEC of CXL devices
  bool soft_reset = false;  // on the way from D3hot to D0
  ReadyOptions ready{};
  // Configuration space answers nothing from the first reset on. Not before,
  // because QEMU takes no device in that answers nothing.
  bool config_dead = false;
  // BAR0, BAR2 and BAR4; powers of two.
  std::array<std::uint64_t, 3> bar_sizes{16 * kMiB, 128 * kGiB, 32 * kMiB};
};

// GB200 and GB300: another list of capabilities (facts of GB100).
constexpr bool is_blackwell(std::uint16_t device_id) {
  return device_id == 0x2941 || device_id == 0x31C2;
}

}  // namespace nvgpuctl::gpusim
