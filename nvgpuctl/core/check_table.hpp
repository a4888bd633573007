// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/check.hpp"

namespace nvgpuctl {

// One row per check that `validate` knows. Ids are stable for ever, as those
// of reasons are. docs/checks.md has the same rows; a test compares them.
struct CheckInfo {
  std::string_view id;
  std::string_view section;
  std::string_view title;
};

std::span<const CheckInfo> check_table();

// What was wanted and what there is, both for people.
struct Comparison {
  std::string expected;
  std::string seen;
};

// Why a check may have failed: the reason's id, where there is one, and what
// the operator can do.
struct Remedy {
  std::string_view reason;
  std::string_view text;
};

// Collects the checks of one section. Ids must be in the table.
class SectionWriter {
 public:
  explicit SectionWriter(std::string_view section);

  // Passes when it holds, and otherwise fails.
  void require(std::string_view id, bool holds, Comparison comparison,
               Remedy remedy);
  // Passes when it holds, and otherwise is degraded.
  void prefer(std::string_view id, bool holds, Comparison comparison,
              Remedy remedy);
  // Passes when it holds, and otherwise is a remark.
  void remark(std::string_view id, bool holds, Comparison comparison,
              Remedy remedy);
  void skip(std::string_view id, std::string_view why);
  // Skips what of the section's table begins with `prefix` and has no verdict.
  void skip_rest(std::string_view prefix, std::string_view why);

  CheckSection take() { return std::move(section_); }

 private:
  Check& add(std::string_view id);

  CheckSection section_;
};

}  // namespace nvgpuctl
