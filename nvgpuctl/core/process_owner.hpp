// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace nvgpuctl {

// To what a process belongs, as its control group says it. Every part may be
// empty.
struct ProcessOwner {
  std::string unit = {};  // "nvidia-persistenced.service"
  // Whether it is a unit of the system's manager: any user can give a unit of
  // their own manager any name.
  bool system_unit = false;
  std::string runtime = {};  // "docker", "containerd", "cri-o", "podman", "lxc"
  std::string container = {};  // its id, shortened to 12 digits, or its name
  std::string pod = {};        // Kubernetes' uid
  std::string machine = {};    // systemd's name for a guest: "qemu-1-grace"

  friend bool operator==(const ProcessOwner&, const ProcessOwner&) = default;
};

// From the text of /proc/PID/cgroup.
ProcessOwner parse_cgroup(std::string_view text);

// "nvidia-persistenced.service", "docker container 1a2b3c4d5e6f"; "" when
// nothing is known.
std::string to_string(const ProcessOwner& owner);

}  // namespace nvgpuctl
