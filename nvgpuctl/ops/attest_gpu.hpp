// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "base/result.hpp"
#include "core/check.hpp"
#include "host/root_dir.hpp"
#include "host/vfio_open.hpp"
#include "ops/attest.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

enum class WriteTest { no, yes };

// How the device itself is to be looked at.
struct LiveOptions {
  // page_size and cxl_dvsec are filled in from the host and the GPU.
  AttestOptions attest;
  WriteTest write_test = WriteTest::no;
};

// What an opened device was found to be.
struct LiveReport {
  std::vector<CheckSection> sections;
  // What a guest is shown; nothing where that is no memory, or not known.
  std::optional<RegionPlan> regions;
};

// Whether the GPU is bound to a driver that makes a VFIO device of it.
bool has_vfio_driver(const Gpu& gpu);

// Error `busy` when a record of this boot says that a domain is to have the
// GPU, though none may have opened it yet.
Result<> check_unclaimed(const RootDir& root, const PciAddress& gpu);

// Error `busy`, naming process and device node or domain, when somebody has the
// VFIO device that validate() would open.
Result<> check_device_free(const RootDir& root, const Gpu& gpu);

// Opens the GPU's VFIO device in every way that the kernel offers, one after
// the other, and checks it: section "vfio" and, when asked for, "write". What
// cannot be opened is a skipped or failed check. Error: `busy`, when the kernel
// says so.
Result<LiveReport> attest_gpu(const RootDir& root, const HostSnapshot& host,
                              const Gpu& gpu, VfioOpener& vfio,
                              const LiveOptions& options);

}  // namespace nvgpuctl
