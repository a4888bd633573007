// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

// What SVG and HTML share.

namespace nvgpuctl::cli {

// As text of XML and HTML, also between quotes: what the host says can neither
// begin an element nor end an attribute, and is well-formed.
std::string escaped(std::string_view text);

}  // namespace nvgpuctl::cli
