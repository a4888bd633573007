// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl::cli {

// Part of the interface: documented in nvgpuctl(1) and never renumbered.
enum class ExitCode {
  done = 0,  // or nothing to do
  failed = 1,
  usage = 2,
  differs = 3,  // diff, assert, lint, validate, doctor
  in_use = 4,
  not_viable = 5,
  rolled_back = 6,     // failed, and the host is as it was
  needs_operator = 7,  // failed, and somebody has to look
  lock_timeout = 8,
  degraded = 9,  // bound, but without coherent memory
  no_such_gpu = 10,
  permission = 11,
  bug = 70,  // EX_SOFTWARE of <sysexits.h>
};

// All of them, ascending, for help, the man page check and `version`.
std::span<const ExitCode> all_exit_codes();

// One line for the man page and `--help`.
std::string_view meaning(ExitCode code);

ExitCode exit_code(Errc code);

}  // namespace nvgpuctl::cli
