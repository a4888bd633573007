// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/refusal.hpp"

#include <fmt/format.h>

#include "core/reason.hpp"

namespace nvgpuctl {

tl::unexpected<Error> refuse(std::string_view reason_id, Errc code,
                             const std::string& subject,
                             const std::string& seen) {
  const auto& why = reason(reason_id);
  return fail(code, subject,
              fmt::format("{} {}: {}: {}", why.id, why.name, why.summary, seen),
              std::string(why.remedy));
}

}  // namespace nvgpuctl
