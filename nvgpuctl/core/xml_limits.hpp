// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

namespace nvgpuctl {

// As much as libvirt's protocol carries (REMOTE_STRING_MAX).
constexpr std::size_t kMaxXmlBytes = 4 << 20;

}  // namespace nvgpuctl
