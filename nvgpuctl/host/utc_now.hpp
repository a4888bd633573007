// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace nvgpuctl {

// As records have it: "2026-11-25T21:22:14Z".
std::string utc_now();

}  // namespace nvgpuctl
