// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// A warning into the host's log, by /dev/log as syslog(3) does, but without
// ever waiting: a hook must not hang because the logger does. Lost where
// nobody listens.
void log_warning(const RootDir& root, std::string_view text);

}  // namespace nvgpuctl
