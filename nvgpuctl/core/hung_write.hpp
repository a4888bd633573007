// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace nvgpuctl {

// A write to a driver's files, or a call of modprobe, that a process of ours
// has not come back from. It is written down before the process begins.
struct HungWrite {
  std::string subject;  // "0009:01:00.0", or a module's name
  std::uint64_t pid = 0;
  // Of the process, as in /proc/PID/stat: numbers of processes are used again.
  std::uint64_t start_ticks = 0;
  std::string path;
  std::string value;
  std::string when;          // "2026-01-31T09:30:00Z"
  std::uint64_t bound_ms{};  // how long somebody waits for it

  // Not in the record, but seen when it was looked for.
  bool overdue = false;  // longer than that
  std::string where;     // the kernel's function that it waits in; or ""
};

// "a write of '…' to … by process 412 has not come back since …"
std::string to_string(const HungWrite& hung);

std::string write_hung_text(const HungWrite& hung);
// As strict as the parsers of core/journal.hpp.
Result<HungWrite> parse_hung(std::string_view text, const std::string& name);

// What /proc/PID/stat says of a process.
struct ProcessStat {
  bool ended = false;  // nobody has asked for its exit code yet
  std::uint64_t start_ticks = 0;
};
Result<ProcessStat> parse_process_stat(std::string_view text,
                                       const std::string& name);

}  // namespace nvgpuctl
