// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace nvgpuctl {

// Two texts as `diff -u` shows them, with their names in the head; "" when they
// are the same.
std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view before_name,
                         std::string_view after_name);

}  // namespace nvgpuctl
