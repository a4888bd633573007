// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/doctor_section.hpp"

#include <utility>

namespace nvgpuctl {

DoctorSection::DoctorSection(std::string name, Stakes stakes)
    : stakes_(stakes) {
  section_.name = std::move(name);
}

void DoctorSection::pass(std::string_view id, std::string_view title,
                         std::string expected, std::string seen) {
  section_.checks.push_back({std::string(id), std::string(title), Verdict::pass,
                             std::move(expected), std::move(seen), "", ""});
}

void DoctorSection::remark(std::string_view id, std::string_view title,
                           std::string expected, std::string seen) {
  section_.checks.push_back({std::string(id), std::string(title),
                             Verdict::remark, std::move(expected),
                             std::move(seen), "", ""});
}

void DoctorSection::skip(std::string_view id, std::string_view title,
                         std::string why) {
  section_.checks.push_back({std::string(id), std::string(title),
                             Verdict::skipped, "", std::move(why), "", ""});
}

void DoctorSection::miss(std::string_view id, std::string_view title,
                         std::string expected, std::string seen,
                         std::string_view reason_id) {
  const Reason& why = reason(reason_id);
  add({std::string(id), std::string(title), Verdict::degraded,
       std::move(expected), std::move(seen), "", ""},
      why, why.severity == Severity::error);
}

void DoctorSection::fail(std::string_view id, std::string_view title,
                         std::string expected, std::string seen,
                         std::string_view reason_id) {
  add({std::string(id), std::string(title), Verdict::degraded,
       std::move(expected), std::move(seen), "", ""},
      reason(reason_id), true);
}

void DoctorSection::add(Check check, const Reason& why, bool fails) {
  if (stakes_ == Stakes::none) {
    skip(check.id, check.title, check.seen + " (not needed: no Grace GPU)");
    return;
  }
  if (fails && stakes_ == Stakes::full) {
    check.verdict = Verdict::fail;
  }
  check.reason = why.id;
  check.remedy = why.remedy;
  section_.checks.push_back(std::move(check));
}

}  // namespace nvgpuctl
