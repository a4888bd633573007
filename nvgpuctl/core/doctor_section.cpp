// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/doctor_section.hpp"

#include <utility>

#include "core/reason.hpp"

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
  if (stakes_ == Stakes::none) {
    skip(id, title, seen + " (not needed: no Grace GPU)");
    return;
  }
  const Reason& why = reason(reason_id);
  const bool fails = why.severity == Severity::error && stakes_ == Stakes::full;
  section_.checks.push_back({std::string(id), std::string(title),
                             fails ? Verdict::fail : Verdict::degraded,
                             std::move(expected), std::move(seen),
                             std::string(why.id), std::string(why.remedy)});
}

}  // namespace nvgpuctl
