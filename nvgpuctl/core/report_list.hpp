// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string_view>

// What goes into a report: the files that a host is read from, and nothing
// else. docs/report.md shows the same list.

namespace nvgpuctl {

enum class ReportUse {
  copy,       // as it is
  text,       // with aliases for what names the machine
  config,     // PCI configuration space, without its serial number
  lines,      // of an index of modules, those about GPUs and VFIO; of
              // /proc/keys, those of keys that could sign a module
  initramfs,  // an archive with what matters of it: names, and modprobe.d
  presence,   // only that it is there: an empty file or directory
};

struct ReportRow {
  // A name on the way may be a glob; {release} is the running kernel's.
  std::string_view pattern;
  ReportUse use = ReportUse::copy;
};

std::span<const ReportRow> report_rows();

}  // namespace nvgpuctl
