// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/split_files.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "host/new_file.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl::cli {
namespace {

std::string path_of(const std::string& directory, std::string place) {
  std::replace(place.begin(), place.end(), ':', '-');
  return (std::filesystem::path(directory) / (place + ".xml")).string();
}

}  // namespace

Result<std::vector<std::string>> write_split_files(
    const std::string& directory,
    const std::vector<std::pair<std::string, std::string>>& parts) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return call_failure(directory, error.value());
  }
  std::vector<std::string> paths;
  for (const auto& [place, xml] : parts) {
    paths.push_back(path_of(directory, place));
    if (std::filesystem::exists(
            std::filesystem::symlink_status(paths.back(), error))) {
      return exists_already(paths.back());
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto written =
        write_new_file(paths[i], parts[i].second, Readers::everybody);
    if (!written) {
      for (std::size_t made = 0; made < i; ++made) {
        std::remove(paths[made].c_str());
      }
      return forward_error(written);
    }
  }
  return paths;
}

}  // namespace nvgpuctl::cli
