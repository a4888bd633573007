// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace nvgpuctl {

// A domain as somebody has written it.
struct DomainText {
  std::string name;  // for messages: "guest.xml", "standard input"
  std::string text;
};

}  // namespace nvgpuctl
