// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "ops/hook.hpp"

namespace nvgpuctl::cli {

// What a domain that starts needs. This is the part of the hook that parses
// XML; in nvgpuctl itself, which has no libxml2, it becomes nvgpuctl-xml
// (docs/adr/0009).
Result<> prepare_from_xml(Context& context, const HookTools& tools,
                          const std::string& guest, std::string_view xml);

}  // namespace nvgpuctl::cli
