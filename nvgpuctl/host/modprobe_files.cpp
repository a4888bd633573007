// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/modprobe_files.hpp"

#include <fmt/format.h>

#include <set>

#include "base/text.hpp"

namespace nvgpuctl {

std::vector<ModprobeFile> read_modprobe_files(const RootDir& root) {
  constexpr std::size_t kMaxFiles = 1024;
  constexpr std::size_t kMaxFile = 256 * kKiB;
  std::vector<ModprobeFile> files;
  std::set<std::string> seen;
  for (const auto below : kModprobeFolders) {
    const auto folder = fmt::format("/{}", below);
    const auto names = root.list(folder);
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      if (!name.ends_with(".conf") || files.size() >= kMaxFiles) {
        continue;
      }
      std::string path = fmt::format("{}/{}", folder, name);
      const bool first = seen.insert(name).second;
      if (auto text = root.read_file(path, kMaxFile)) {
        files.push_back({std::move(path), std::move(*text), !first});
      }
    }
  }
  return files;
}

}  // namespace nvgpuctl
