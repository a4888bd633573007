// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/split_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace nvgpuctl::cli {
namespace {

std::string path_of(const std::string& directory, std::string place) {
  std::replace(place.begin(), place.end(), ':', '-');
  return (std::filesystem::path(directory) / (place + ".xml")).string();
}

tl::unexpected<Error> write_failure(const std::string& path, int error) {
  if (error == EEXIST) {
    return fail(Errc::io, path, "exists already",
                "nothing is overwritten; name another place");
  }
  return fail(error == EACCES ? Errc::permission : Errc::io, path,
              std::generic_category().message(error));
}

}  // namespace

Result<> write_new_file(const std::string& path, const std::string& text) {
  // "x" is O_EXCL: never follows a link that somebody placed there.
  std::FILE* file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) {
    return write_failure(path, errno);
  }
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = written ? 0 : errno;
  if (std::fclose(file) != 0 && error == 0) {
    error = errno;
  }
  if (error != 0) {
    // Half a file helps nobody and would be in the way of the next attempt.
    std::remove(path.c_str());
    return write_failure(path, error);
  }
  return {};
}

Result<std::vector<std::string>> write_split_files(
    const std::string& directory,
    const std::vector<std::pair<std::string, std::string>>& parts) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return write_failure(directory, error.value());
  }
  std::vector<std::string> paths;
  for (const auto& [place, xml] : parts) {
    paths.push_back(path_of(directory, place));
    if (std::filesystem::exists(
            std::filesystem::symlink_status(paths.back(), error))) {
      return write_failure(paths.back(), EEXIST);
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto written = write_new_file(paths[i], parts[i].second);
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
