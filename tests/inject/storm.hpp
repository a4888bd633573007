// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>

namespace nvgpuctl::inject {

// 50 processes bind, unbind, list and call the hook at random, on four GPUs of
// one fake host, for so long. Gives the number of violations, after printing
// what was done.
std::size_t storm(std::chrono::seconds time);

}  // namespace nvgpuctl::inject
