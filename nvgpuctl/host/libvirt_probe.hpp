// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/version.hpp"

namespace nvgpuctl {

// What to ask, and how long to wait; tests ask something else.
struct LibvirtQuestion {
  std::string library = "libvirt.so.0";
  std::string uri = "qemu:///system";
  std::chrono::milliseconds deadline{10000};
};

struct LibvirtVersions {
  // The daemon's; the library's when the daemon cannot be reached, and then
  // `problem` says so.
  std::optional<Version> libvirt = std::nullopt;
  // Of the emulator for this host's CPU; only the daemon knows it.
  std::optional<Version> qemu = std::nullopt;
  std::string problem;  // why something is not known; may be empty
};

// Asks libvirt on this machine. libvirt is loaded only now and only in a child
// process, so a daemon that does not answer costs no more than the deadline,
// and none of libvirt's threads and files stay behind. A host without libvirt
// is a normal answer.
LibvirtVersions probe_libvirt(const LibvirtQuestion& question = {});

}  // namespace nvgpuctl
