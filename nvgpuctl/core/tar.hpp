// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// The archive of a report: ustar, with GNU's entries for long names, as every
// tar reads it. Reading is strict, because an archive is somebody else's.

namespace nvgpuctl {

struct TarEntry {
  enum class Kind { file, directory, link };
  std::string path;  // "sys/bus/pci", without a slash at either end
  Kind kind = Kind::file;
  std::string content;  // of a file; where a link points, relative

  friend bool operator==(const TarEntry&, const TarEntry&) = default;
};

// In the order given. Every time is 0 and every owner root, so that the same
// files are the same archive.
std::string write_tar(const std::vector<TarEntry>& entries);

// What comes back is one tree that can be written into an empty directory as it
// is: no path is absolute or has "..", none is there twice, none lies below a
// file or a link, and no link leads out. Hard links, devices and whatever else
// tar can hold are refused. Errors name `name` and the byte where it is.
Result<std::vector<TarEntry>> read_tar(std::string_view bytes,
                                       const std::string& name);

// Whether a link at `path` to `target` stays in the tree, by its text.
bool link_stays_inside(std::string_view path, std::string_view target);

}  // namespace nvgpuctl
