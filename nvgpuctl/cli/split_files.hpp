// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace nvgpuctl::cli {

// Writes each part (place, XML) to a new file DIRECTORY/PLACE.xml and gives the
// paths. The directory is made if need be. When one of the files exists already
// nothing is written at all.
Result<std::vector<std::string>> write_split_files(
    const std::string& directory,
    const std::vector<std::pair<std::string, std::string>>& parts);

}  // namespace nvgpuctl::cli
