// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// A process that has a device node of a GPU open.
struct Holder {
  unsigned pid = 0;
  std::string command;  // comm
  std::string path;     // "/dev/vfio/19"
};

// Processes that hold the function through VFIO (its group or its cdev) or,
// when nvidia drives it, any of nvidia's device nodes. Looks at /proc/*/fd;
// without root, other users' processes stay unseen.
std::vector<Holder> find_holders(const RootDir& root,
                                 const PciFunction& function);

}  // namespace nvgpuctl
