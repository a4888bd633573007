// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nvgpuctl {

// The flags "rd sh mr mw me ms pf io de dd" of the mapping that begins at the
// address, from the text of /proc/PID/smaps; nothing when it is not there.
std::optional<std::string> vm_flags(std::string_view smaps,
                                    std::uint64_t address);

}  // namespace nvgpuctl
