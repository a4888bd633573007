// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"
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

// `option` is an operator's schema; "" for the host's own, which may be absent.
Result<SchemaCheck> check_schema(const RootDir& root, const std::string& option,
                                 const std::string& xml);

}  // namespace nvgpuctl
