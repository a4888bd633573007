// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "host/domain_schema.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// What libvirt's schema says of a domain. Exactly one of `validated`, a note
// why it could not be asked, and violations.
struct SchemaCheck {
  bool validated = false;
  std::string note;        // "valid by …", or why it was not checked
  std::string violations;  // one sentence; empty when there are none
  std::string file;
};

// The schema to ask: an operator's own, or with "" the host's. Nothing when
// that is wanted and the host has none.
Result<std::optional<DomainSchema>> choose_schema(const RootDir& root,
                                                  const std::string& option);

// `option` as above.
Result<SchemaCheck> check_schema(const RootDir& root, const std::string& option,
                                 const std::string& xml);

}  // namespace nvgpuctl
