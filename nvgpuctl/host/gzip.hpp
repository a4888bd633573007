// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// Malformed: what unpacks to more than `limit` bytes, and anything behind the
// end of the stream. `name` is the file's, for the message.
Result<std::string> gunzip(const std::string& name, std::string_view packed,
                           std::size_t limit);

// Without name and time, so that the same bytes are the same file.
Result<std::string> gzip(std::string_view bytes);

}  // namespace nvgpuctl
