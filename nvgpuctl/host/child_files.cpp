// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/child_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace nvgpuctl {

void let_go_of_files(int keep) {
  const int null = ::open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) {
    if (standard != keep) {
      ::dup2(null, standard);
    }
  }
  if (keep > 3) {
    ::close_range(3, static_cast<unsigned>(keep) - 1, 0);
  }
  ::close_range(static_cast<unsigned>(std::max(keep + 1, 3)), ~0U, 0);
}

}  // namespace nvgpuctl
