// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "core/device_event.hpp"

namespace nvgpuctl {

// Why waiting for an event has ended.
enum class Wake {
  event,
  lost,     // the kernel had more events than there was room for
  timeout,  // nothing has come
  stopped,  // SIGINT or SIGTERM
  unread,   // nobody reads standard output any more
};

struct Waited {
  Wake why = Wake::timeout;
  DeviceEvent event;  // of Wake::event
};

// Listens to udev for events of PCI functions, PCI drivers and VFIO. While it
// lives, SIGINT and SIGTERM only end the waiting.
class DeviceMonitor {
 public:
  static Result<DeviceMonitor> open();
  DeviceMonitor(DeviceMonitor&&) noexcept;
  DeviceMonitor& operator=(DeviceMonitor&&) noexcept;
  DeviceMonitor(const DeviceMonitor&) = delete;
  DeviceMonitor& operator=(const DeviceMonitor&) = delete;
  ~DeviceMonitor();

  // Whether events come from udev, after its rules; else from the kernel.
  bool from_udev() const;

  // Without a bound it waits for ever.
  Result<Waited> wait(std::optional<std::chrono::milliseconds> bound);

 private:
  struct Parts;
  explicit DeviceMonitor(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace nvgpuctl
