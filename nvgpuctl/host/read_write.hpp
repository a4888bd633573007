// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

// read(2) and write(2) to the end of what there is, whatever signals come in
// between. RootDir has its own for files of the host.

namespace nvgpuctl {

enum class ReadEnd { end_of_file, over_limit, late, failed };

struct ReadAll {
  std::string text;  // what has come by then; never more than the limit
  ReadEnd end = ReadEnd::end_of_file;
  int error = 0;  // errno of `failed`
};

using ReadDeadline = std::chrono::steady_clock::time_point;

// Reads until the end of the file, `limit` bytes and one more, or the deadline.
ReadAll read_all(int fd, std::size_t limit,
                 ReadDeadline deadline = ReadDeadline::max());

// An errno, or 0.
int write_all(int fd, std::string_view text);

}  // namespace nvgpuctl
