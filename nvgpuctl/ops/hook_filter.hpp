// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// Cheap looks that tell whether a hook has anything to do, because it runs for
// every domain of a host. They may say yes for nothing, never no for something.

// Whether a domain that starts may have a GPU of ours.
bool may_need_prepare(const RootDir& root, std::string_view xml);
// The same for one whose XML cannot be had.
bool has_nvidia_gpu(const RootDir& root);

// Whether a record names the domain that has ended.
bool may_need_release(const RootDir& root, std::string_view guest);

}  // namespace nvgpuctl
