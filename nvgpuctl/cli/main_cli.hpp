// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <ostream>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl::cli {

// Where the program prints and what is known about it.
struct Streams {
  std::ostream& out;       // data
  std::ostream& err;       // prose
  bool color = false;      // what --color=auto means here
  std::size_t width = 80;  // columns of the terminal
  bool progress = false;   // `err` is a terminal
  bool utf8 = true;        // no terminal that shows ASCII only
};

// Runs one command line (without the program's name) and gives the exit code.
// Data is written at once at the very end, so nothing is printed twice and a
// failed verb prints none; monitor alone prints as things happen.
int run(std::span<const std::string_view> args, const Streams& streams);

// "nvgpuctl: SUBJECT: PROBLEM" and, where there is one, "hint: …".
void print_error(std::ostream& err, const Error& error);

}  // namespace nvgpuctl::cli
