// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/census.hpp"
#include "core/host_snapshot.hpp"

namespace nvgpuctl {

// In the order in which they are to be stopped: who comes first would be
// broken by the loss of those behind.
enum class HolderKind {
  guest,      // a virtual machine; nothing takes a GPU away from one
  container,  // also what runs in a pod
  process,    // of a session, or a unit that is not known here
  service,    // a unit of NVIDIA's that may be stopped and started again
  unseen,     // somebody whom the module's use count tells of
};
std::string_view to_string(HolderKind kind);

// Who uses a GPU, and with what.
struct Holder {
  HolderKind kind = HolderKind::process;
  unsigned pid = 0;  // 0: a domain without a process that was seen, or unseen
  std::string command;  // comm
  std::vector<std::string> files;
  ProcessOwner owner;
  std::string domain;  // of a guest; may be empty

  friend bool operator==(const Holder&, const Holder&) = default;
};

// Who uses the function, in the order in which they are to be stopped.
std::vector<Holder> holders_of(const Census& census,
                               const PciFunction& function);

// "qemu-system-aar (pid 4242, domain grace) has /dev/vfio/19 open".
std::string to_string(const Holder& holder);

// "domain grace", "docker container 1a2b3c4d5e6f", "nvidia-dcgm.service",
// "python3 (pid 4711)": what an operator stops.
std::string what_to_stop(const Holder& holder);

// Units that nvgpuctl may stop by itself and start again: the services that
// come with NVIDIA's driver and DCGM, by the names that they really have, in
// the order in which they are to be stopped.
std::span<const std::string_view> known_services();
bool is_known_service(std::string_view unit);

}  // namespace nvgpuctl
