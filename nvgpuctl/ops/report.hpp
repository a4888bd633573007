// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/tar.hpp"
#include "ops/inventory.hpp"

namespace nvgpuctl {

enum class Redaction { aliases, none };

struct Report {
  std::vector<TarEntry> entries;  // by path
  std::vector<std::string> unreadable;
  std::size_t aliases = 0;  // how many values were replaced
};

// The files of core/report_list, as a recorded host: `--root` on it says what
// the same verbs say here. Nothing is changed and nothing else is read.
Result<Report> make_report(const RootDir& root, const Inventory& inventory,
                           Redaction redaction);

// The host as `--root` on the report's archive has it.
Result<RootDir> open_report(const Report& report);

}  // namespace nvgpuctl
