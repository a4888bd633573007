// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>

namespace nvgpuctl {

// The most that a document may have: what libvirt's protocol carries
// (REMOTE_STRING_MAX).
constexpr std::size_t kMaxXmlBytes = 4 << 20;

// Where an element of a document is, for messages.
struct XmlPlace {
  std::string xpath;  // "/domain/devices/hostdev[2]"
  long line = 0;      // 0: it was not read from a text

  friend bool operator==(const XmlPlace&, const XmlPlace&) = default;
};

}  // namespace nvgpuctl
