// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/check.hpp"
#include "core/region_plan.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

// Section "write" of `validate --write-test`: a few words at the beginning and
// at the end of usable memory, written, read back by read() and through a
// mapping, and put back. The caller has made sure that nobody else has the GPU
// and that its memory is ready.
CheckSection test_writing(VfioDevice& device, const MemoryRegion& usable);

}  // namespace nvgpuctl
