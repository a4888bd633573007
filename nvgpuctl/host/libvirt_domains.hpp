// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace nvgpuctl {

Result<std::string> inactive_xml(const std::string& name);
Result<std::vector<std::string>> domain_names();

}  // namespace nvgpuctl
