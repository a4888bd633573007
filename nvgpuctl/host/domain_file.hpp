// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "base/result.hpp"

namespace nvgpuctl {

// The text of a domain in a file of the operator, "-" for standard input. Not
// below --root: it is the operator's file, not the host's. What is longer than
// libvirt could carry is malformed.
Result<std::string> read_domain_file(const std::string& path);

}  // namespace nvgpuctl
