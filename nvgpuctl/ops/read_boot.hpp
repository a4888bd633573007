// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "core/boot_facts.hpp"
#include "core/gpu.hpp"
#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// What decides about the GPUs of `host` at its next boot.
BootFacts read_boot(const RootDir& root, const HostSnapshot& host,
                    const std::vector<Gpu>& gpus);

}  // namespace nvgpuctl
