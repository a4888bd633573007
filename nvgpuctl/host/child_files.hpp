// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace nvgpuctl {

// In a child process, which must not keep anything of ours: our lock would stay
// locked, and whoever reads our output would wait for more. Every descriptor is
// closed, and 0 to 2 are /dev/null, but for `keep`; -1 keeps none.
void let_go_of_files(int keep);

}  // namespace nvgpuctl
