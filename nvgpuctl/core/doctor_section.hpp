// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "core/check.hpp"
#include "core/reason.hpp"

namespace nvgpuctl {

// How bad it is when a check of a section fails.
enum class Stakes {
  none,     // nobody needs it: there is no GPU
  lowered,  // nothing fails: what fails elsewhere is degraded here
  full,     // an error of the reason fails, a warning degrades
};

// Collects the checks of one section of `doctor`.
class DoctorSection {
 public:
  DoctorSection(std::string name, Stakes stakes);

  void pass(std::string_view id, std::string_view title, std::string expected,
            std::string seen);
  // Passed, and there is something to know.
  void remark(std::string_view id, std::string_view title, std::string expected,
              std::string seen);
  void skip(std::string_view id, std::string_view title, std::string why);
  // The reason gives remedy and severity.
  void miss(std::string_view id, std::string_view title, std::string expected,
            std::string seen, std::string_view reason_id);

  // The same of what no guest gets a GPU without, whatever the reason's
  // severity.
  void fail(std::string_view id, std::string_view title, std::string expected,
            std::string seen, std::string_view reason_id);

  CheckSection take() { return std::move(section_); }

 private:
  void add(Check check, const Reason& why, bool fails);

  CheckSection section_;
  Stakes stakes_;
};

}  // namespace nvgpuctl
