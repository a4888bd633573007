// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/redact.hpp"
#include "core/report_list.hpp"
#include "ops/report.hpp"

namespace nvgpuctl {

// Takes files of a host into a report, and what names the host out of them.
class ReportCollector {
 public:
  ReportCollector(const RootDir& root, Redaction redaction)
      : root_(root), redaction_(redaction) {}

  Redactor& redactor() { return redactor_; }

  // Every file that a pattern means; that there is none is no error.
  void take(std::string_view pattern, ReportUse use);

  // A file that would not be read: whoever reads the driver_override of a GPU
  // waits as long as the write to its driver's files does.
  void leave_out(std::string path) { left_out_.insert(std::move(path)); }

  // A file of ours.
  void put(const std::string& path, std::string text);

  std::string redacted(std::string text, ReportUse use);

  // Error `unsupported`: it would be too large.
  Result<Report> finish();

 private:
  void expand(const std::string& done, std::string_view rest, ReportUse use);
  void add(const std::string& path, ReportUse use);
  Result<std::string> content(const std::string& path, ReportUse use);
  Result<std::string> initramfs(const std::string& path);
  std::optional<std::string> follow(std::string_view path);
  std::optional<std::string> target_of(const std::string& path);
  std::string renamed(const std::string& path, std::set<std::string>& taken);
  void rename_entries();
  bool has_release(std::string_view name);

  const RootDir& root_;
  Redaction redaction_;
  Redactor redactor_;
  std::optional<std::vector<std::string>> releases_;  // of installed kernels
  std::map<std::string, TarEntry> entries_;
  std::set<std::string> plain_;  // known to be no link
  std::set<std::string> unreadable_;
  std::set<std::string> left_out_;
};

}  // namespace nvgpuctl
