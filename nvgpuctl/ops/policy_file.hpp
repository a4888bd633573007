// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "base/text.hpp"
#include "core/policy.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

constexpr std::size_t kMaxPolicy = 64 * kKiB;

// The host's policy, /etc/nvgpuctl/policy.yaml. No file is a policy that wants
// nothing.
Result<Policy> read_policy(const RootDir& root);

}  // namespace nvgpuctl
