// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/exit_code.hpp"

#include <array>

namespace nvgpuctl::cli {

std::span<const ExitCode> all_exit_codes() {
  static constexpr std::array kAll{
      ExitCode::done,        ExitCode::failed,         ExitCode::usage,
      ExitCode::differs,     ExitCode::in_use,         ExitCode::not_viable,
      ExitCode::rolled_back, ExitCode::needs_operator, ExitCode::lock_timeout,
      ExitCode::degraded,    ExitCode::no_such_gpu,    ExitCode::permission,
      ExitCode::bug};
  return kAll;
}

std::string_view meaning(ExitCode code) {
  switch (code) {
    case ExitCode::done:
      return "done, or nothing to do";
    case ExitCode::failed:
      return "failed";
    case ExitCode::usage:
      return "usage error";
    case ExitCode::differs:
      return "differences found";
    case ExitCode::in_use:
      return "the GPU is in use";
    case ExitCode::not_viable:
      return "the GPU cannot be passed through on this host";
    case ExitCode::rolled_back:
      return "failed, and everything is as it was before";
    case ExitCode::needs_operator:
      return "failed part-way; manual action needed";
    case ExitCode::lock_timeout:
      return "another nvgpuctl held the lock for too long";
    case ExitCode::degraded:
      return "bound, but without coherent memory";
    case ExitCode::no_such_gpu:
      return "no such GPU";
    case ExitCode::permission:
      return "not permitted; try as root";
    case ExitCode::bug:
      return "a bug in nvgpuctl";
  }
  return "unknown";
}

ExitCode exit_code(Errc code) {
  switch (code) {
    case Errc::no_such_gpu:
      return ExitCode::no_such_gpu;
    case Errc::permission:
      return ExitCode::permission;
    case Errc::busy:
      return ExitCode::in_use;
    case Errc::not_viable:
      return ExitCode::not_viable;
    case Errc::usage:
      return ExitCode::usage;
    case Errc::locked:
      return ExitCode::lock_timeout;
    case Errc::rolled_back:
      return ExitCode::rolled_back;
    case Errc::needs_operator:
      return ExitCode::needs_operator;
    case Errc::not_found:
    case Errc::malformed:
    case Errc::unsupported:
    case Errc::io:
      break;
  }
  return ExitCode::failed;
}

}  // namespace nvgpuctl::cli
