// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

namespace nvgpuctl {

// Columns of the terminal behind a file descriptor: 0 when it does not say,
// nothing when there is no terminal.
std::optional<unsigned> terminal_columns(int fd);

// Makes sure that descriptors 0 to 2 are taken. A caller may have closed them,
// and the next file opened, a VFIO device perhaps, would become standard
// output. The stand-in refuses to be used, so that a lost result is noticed.
void occupy_standard_descriptors();

}  // namespace nvgpuctl
