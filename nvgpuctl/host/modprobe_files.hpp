// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "host/root_dir.hpp"

namespace nvgpuctl {

struct ModprobeFile {
  std::string path;
  std::string text;
  // A file of the same name in a folder that goes before hides it.
  bool hidden = false;
};

// The files of modprobe.d(5) in the order in which folders win.
std::vector<ModprobeFile> read_modprobe_files(const RootDir& root);

}  // namespace nvgpuctl
