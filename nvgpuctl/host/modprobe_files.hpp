// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// Below the root, in the order in which a file hides those of the same name:
// modprobe.d(5).
constexpr std::array<std::string_view, 4> kModprobeFolders{
    "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d",
    "usr/lib/modprobe.d"};

struct ModprobeFile {
  std::string path;
  std::string text;
  // A file of the same name in a folder that goes before hides it.
  bool hidden = false;
};

// All files of these folders, in this order.
std::vector<ModprobeFile> read_modprobe_files(const RootDir& root);

}  // namespace nvgpuctl
