// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "base/result.hpp"
#include "core/device_table.hpp"
#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// What a verb needs to know beyond the GPUs and what decides their state;
// nothing else is read.
struct HostNeeds {
  bool virtualization = false;   // KVM, VFIO, huge pages
  bool libvirt = false;          // loads libvirt and asks for versions
  bool managers = false;         // whose files give the GPUs to drivers
  bool use = false;              // who uses and who manages the GPUs
  bool running_domains = false;  // with `use`: asks libvirt, too
  bool host_facts = false;       // kernel and modules also without any GPU
  // GPUs without our tag, too: udev writes it only when it has finished with a
  // GPU, and whoever acts before must not take those of others for all.
  bool untagged = false;
  // With the shipped device table where a file of the host's own is broken:
  // for verbs that are asked what is wrong.
  bool despite_device_files = false;
};

// The device table: the shipped one and the host's /etc/nvgpuctl/devices.d.
Result<DeviceTable> read_device_table(const RootDir& root);

// Reads a host once. Only what makes every answer impossible is an error (no
// /sys at all); everything else is recorded in the snapshot.
Result<HostSnapshot> read_host(const RootDir& root, const DeviceTable& table,
                               const HostNeeds& needs);

}  // namespace nvgpuctl
