// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace nvgpuctl {

// A release of libvirt or QEMU.
struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned micro = 0;

  friend auto operator<=>(const Version&, const Version&) = default;
};

std::string to_string(const Version& version);  // "12.8.0"

// "12.8" or "12.8.0"; a distribution suffix such as "-1+deb13u2" is ignored.
std::optional<Version> parse_version(std::string_view text);

}  // namespace nvgpuctl
