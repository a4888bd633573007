// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/journal.hpp"

namespace nvgpuctl {

// What is to be done about a journal that somebody has left.
enum class RecoveryCourse {
  finish,  // every GPU has arrived: only the records are missing
  undo,    // bring every GPU back
  forget,  // the host was booted since: drivers are as the boot left them
};
std::string_view to_string(RecoveryCourse course);

// `now` has the state of each GPU of the journal, in its order; nothing for
// one that is gone, which has no part in the choice.
RecoveryCourse choose_course(
    const Journal& journal, const std::string& boot_id,
    const std::vector<std::optional<DriverState>>& now);

}  // namespace nvgpuctl
