// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/gpu.hpp"

// Events of udev, and what they have to do with GPUs.

namespace nvgpuctl {

struct DeviceEvent {
  std::string action;     // "add", "bind", "unbind", "remove", "change"
  std::string subsystem;  // "pci", "vfio", "vfio-dev", "drivers"
  std::string name;       // "0009:01:00.0", "19", "vfio0", "nvidia"
  std::string path;       // below /sys
  std::string driver;     // of the device, where it has one
};

// What an event is to a GPU.
enum class Concern {
  none,
  gpu,     // it is about the function itself
  group,   // about another function of its IOMMU group
  vfio,    // about its VFIO group or device
  driver,  // about a driver that may have it
};
std::string_view to_string(Concern concern);

struct EventRelation {
  Concern concern = Concern::none;
  std::optional<PciAddress> gpu;  // nothing for a driver
};

// `gpus` are those of `host`.
EventRelation relate(const DeviceEvent& event, const HostSnapshot& host,
                     const std::vector<Gpu>& gpus);

// A GPU as `list` shows it, in short.
struct GpuStanding {
  PciAddress address;
  GpuState state = GpuState::unknown;
  std::string driver;  // "" for none

  friend bool operator==(const GpuStanding&, const GpuStanding&) = default;
};
std::vector<GpuStanding> standing_of(const std::vector<Gpu>& gpus);

struct StandingChange {
  PciAddress address;
  std::optional<GpuStanding> before;  // nothing: it was not there
  std::optional<GpuStanding> after;   // nothing: it has gone
};

// Both by address, and so is the answer.
std::vector<StandingChange> changes_between(
    const std::vector<GpuStanding>& before,
    const std::vector<GpuStanding>& after);

}  // namespace nvgpuctl
