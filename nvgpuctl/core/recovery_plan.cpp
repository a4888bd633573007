// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/recovery_plan.hpp"

namespace nvgpuctl {

std::string_view to_string(RecoveryCourse course) {
  switch (course) {
    case RecoveryCourse::finish:
      return "finish";
    case RecoveryCourse::undo:
      return "undo";
    case RecoveryCourse::forget:
      break;
  }
  return "forget";
}

RecoveryCourse choose_course(
    const Journal& journal, const std::string& boot_id,
    const std::vector<std::optional<DriverState>>& now) {
  if (journal.signature.boot_id != boot_id) {
    return RecoveryCourse::forget;
  }
  bool all_arrived = journal.phase == JournalPhase::apply;
  for (std::size_t i = 0; i < journal.gpus.size(); ++i) {
    all_arrived = all_arrived &&
                  (!now.at(i) ||
                   has_arrived(*now[i], journal.gpus[i], JournalPhase::apply));
  }
  return all_arrived ? RecoveryCourse::finish : RecoveryCourse::undo;
}

}  // namespace nvgpuctl
