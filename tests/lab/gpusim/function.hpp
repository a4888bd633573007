// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "gpusim/config_space.hpp"
#include "gpusim/options.hpp"

namespace nvgpuctl::gpusim {

// MSI-X as H100 functions have it: table and pending bits in BAR0.
constexpr unsigned kMsixVectors = 9;
constexpr std::uint64_t kMsixTable = 0xB90000;
constexpr std::uint64_t kMsixPending = 0xBA0000;

constexpr unsigned kMsiVectors = 16;

// A GPU's configuration space, and where in it the parts are that do something.
struct Function {
  ConfigSpace config;
  std::uint16_t pm = 0;
  std::uint16_t express = 0;
  std::uint16_t msix = 0;
  std::uint16_t msi = 0;    // 0: has none
  std::uint16_t dvsec = 0;  // NVIDIA's with id 3; 0: has none
  std::uint16_t cxl = 0;    // 0: has none
};

// The capabilities are where they are on GH100 and GB100.
Function build_function(const GpuOptions& options);

// Bit 0 of the word at +0xA in NVIDIA's DVSEC 3, after every reset. The
// function must have the capability.
void set_mig_erratum_fixed(Function& function, bool fixed);

}  // namespace nvgpuctl::gpusim
