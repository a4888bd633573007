// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace nvgpuctl {

// A text that the operator names: a file, a pipe, or "-" for standard input;
// not one of the host (RootDir). More than `most_bytes` is malformed.
Result<std::string> read_input(const std::string& path, std::size_t most_bytes);

}  // namespace nvgpuctl
