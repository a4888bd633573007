// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace nvgpuctl {

enum class Verdict {
  pass,
  fail,
  degraded,  // works, but without what the GPU is for
  remark,    // works, and there is something to know; as good as a pass
  skipped,   // could not be looked at; `seen` says why
};
std::string_view to_string(Verdict verdict);

// One thing that was compared. Ids are stable kebab-case words such as
// "dsd-size"; docs/checks.md lists them.
struct Check {
  std::string id;
  std::string title;  // "size firmware gives"
  Verdict verdict = Verdict::skipped;
  std::string expected;
  std::string seen;
  std::string reason;  // id of the reason when it failed; may be empty
  std::string remedy;  // empty when passed
};

// A group of checks on one layer: "firmware", "pci", "numa", "vfio".
struct CheckSection {
  std::string name;
  std::vector<Check> checks;
};

// The worst of all: fail over degraded over pass; a remark counts as pass, and
// skipped does only when something else passed.
Verdict overall(const std::vector<CheckSection>& sections);

// The worst check in one line: "vfio-layout: expected …, seen …"; empty when
// nothing is worse than passed.
std::string worst_check(const std::vector<CheckSection>& sections);

}  // namespace nvgpuctl
