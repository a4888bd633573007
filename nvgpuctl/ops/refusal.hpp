// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// An error that begins with a reason's id and ends with its remedy.
tl::unexpected<Error> refuse(std::string_view reason_id, Errc code,
                             const std::string& subject,
                             const std::string& seen);

}  // namespace nvgpuctl
