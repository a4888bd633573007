// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "core/tar.hpp"

namespace nvgpuctl {

// Both ways: a report that is larger is not written and not read.
constexpr std::size_t kMaxReport = 128UL << 20U;  // bytes, unpacked
constexpr std::size_t kMaxPackedReport = 64UL << 20U;

// A report in a directory of its own below the system's for temporary files,
// readable by nobody else, which goes when the object does, or the process,
// whatever has ended it.
class UnpackedReport {
 public:
  // The archive is looked at as a whole before anything of it is written.
  static Result<std::shared_ptr<const UnpackedReport>> open(
      const std::string& archive);
  // The same without an archive.
  static Result<std::shared_ptr<const UnpackedReport>> write(
      const std::vector<TarEntry>& entries);

  explicit UnpackedReport(std::string directory);
  ~UnpackedReport();
  UnpackedReport(const UnpackedReport&) = delete;
  UnpackedReport& operator=(const UnpackedReport&) = delete;

  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  Fd alive_;  // that it is closed tells the remover that we have ended
  pid_t remover_ = -1;
};

Result<std::string> pack_report(const std::vector<TarEntry>& entries);

}  // namespace nvgpuctl
