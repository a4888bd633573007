// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nvgpuctl {

enum class Severity {
  error,    // the GPU cannot be passed through, or not with its memory
  warning,  // works, but something is worth knowing or worse than it could be
  info,     // an explanation, nothing to do
};
std::string_view to_string(Severity severity);

// One row per thing that can be said about a host or a GPU. Ids are stable for
// ever: they stand in JSON, metrics, journals and other people's scripts. A
// retired id is never given to something else.
struct Reason {
  std::string_view id;    // "NVG-E012"
  std::string_view name;  // "c2c-down"
  Severity severity;
  std::string_view summary;  // one sentence, no trailing full stop
  std::string_view remedy;   // what the operator can do; may be empty
};

std::span<const Reason> reasons();

// What a reason says about other managers of the GPU's driver.
enum class OtherManager {
  none,
  passing,  // changed the driver, or does it for guests only
  rival,    // takes the GPU again after a bind
};
OtherManager other_manager(const Reason& reason);

// The row of an id; asserts that it exists (ids are literals in our code).
const Reason& reason(std::string_view id);

// A reason found to hold, with what was seen.
struct Finding {
  const Reason* reason = nullptr;
  std::string subject;   // PCI address, path, "host"
  std::string detail;    // what exactly was seen, with the numbers
  std::string evidence;  // where to look: a path, a table and byte offset
};

Finding finding(std::string_view id, std::string subject, std::string detail,
                std::string evidence = {});

bool has_error(std::span<const Finding> findings);

}  // namespace nvgpuctl
