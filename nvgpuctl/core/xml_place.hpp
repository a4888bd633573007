// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace nvgpuctl {

// Where an element of a document is, for messages.
struct XmlPlace {
  std::string xpath;  // "/domain/devices/hostdev[2]"
  long line = 0;      // 0: it was not read from a text

  friend bool operator==(const XmlPlace&, const XmlPlace&) = default;
};

}  // namespace nvgpuctl
