// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/device_monitor.hpp"

#include <libudev.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/fd.hpp"
#include "host/system_error.hpp"

namespace nvgpuctl {
namespace {

struct UdevUnref {
  void operator()(udev* context) const { udev_unref(context); }
  void operator()(udev_monitor* monitor) const { udev_monitor_unref(monitor); }
  void operator()(udev_device* device) const { udev_device_unref(device); }
};

// Signals that end the waiting come by a descriptor, and are no interruption.
class StopSignals {
 public:
  StopSignals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    fd_ = Fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~StopSignals() {
    // What has come would else end the program now.
    signalfd_siginfo taken{};
    while (::read(fd_.get(), &taken, sizeof(taken)) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int fd() const { return fd_.get(); }

 private:
  sigset_t before_{};
  Fd fd_;
};

std::string text(const char* value) {
  return value == nullptr ? "" : value;
}

DeviceEvent event_of(udev_device* device) {
  return {text(udev_device_get_action(device)),
          text(udev_device_get_subsystem(device)),
          text(udev_device_get_sysname(device)),
          text(udev_device_get_devpath(device)),
          text(udev_device_get_property_value(device, "DRIVER"))};
}

}  // namespace

struct DeviceMonitor::Parts {
  std::unique_ptr<udev, UdevUnref> context;
  std::unique_ptr<udev_monitor, UdevUnref> monitor;
  StopSignals signals;
  bool from_udev = true;
};

DeviceMonitor::DeviceMonitor(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}
DeviceMonitor::DeviceMonitor(DeviceMonitor&&) noexcept = default;
DeviceMonitor& DeviceMonitor::operator=(DeviceMonitor&&) noexcept = default;
DeviceMonitor::~DeviceMonitor() = default;

bool DeviceMonitor::from_udev() const {
  return parts_->from_udev;
}

Result<DeviceMonitor> DeviceMonitor::open() {
  // Bursts of a host with thousands of functions; without privilege the kernel
  // gives less, and what gets lost is said.
  constexpr int kBuffer = 16 << 20;
  auto parts = std::make_unique<Parts>();
  parts->context.reset(udev_new());
  parts->from_udev = ::access("/run/udev/control", F_OK) == 0;
  parts->monitor.reset(
      parts->context == nullptr
          ? nullptr
          : udev_monitor_new_from_netlink(
                parts->context.get(), parts->from_udev ? "udev" : "kernel"));
  auto* const monitor = parts->monitor.get();
  if (monitor == nullptr || parts->signals.fd() < 0) {
    return fail(Errc::io, "libudev", "cannot be initialised");
  }
  for (const char* subsystem : {"pci", "vfio", "vfio-dev", "drivers"}) {
    udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystem,
                                                    nullptr);
  }
  (void)udev_monitor_set_receive_buffer_size(monitor, kBuffer);
  const int enabled = udev_monitor_enable_receiving(monitor);
  if (enabled < 0) {
    return fail(Errc::io, "libudev", "cannot listen: " + error_text(-enabled));
  }
  return DeviceMonitor(std::move(parts));
}

Result<Waited> DeviceMonitor::wait(
    std::optional<std::chrono::milliseconds> bound) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + bound.value_or(std::chrono::milliseconds(0));
  auto* const monitor = parts_->monitor.get();
  for (;;) {
    std::array<pollfd, 3> ends{
        pollfd{parts_->signals.fd(), POLLIN, 0},
        // Asked for nothing, it still says when the reader has gone.
        pollfd{STDOUT_FILENO, 0, 0},
        pollfd{udev_monitor_get_fd(monitor), POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    // A day at a time, which fits the int.
    constexpr std::chrono::milliseconds::rep kDay = 86'400'000;
    const auto pause = static_cast<int>(
        std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, kDay));
    const int ready = ::poll(ends.data(), ends.size(), bound ? pause : -1);
    if (ready < 0 && errno != EINTR) {
      return call_failure("poll", errno);
    }
    if (ready < 0) {
      continue;
    }
    if (ends[0].revents != 0) {
      return Waited{Wake::stopped, {}};
    }
    if ((ends[1].revents & (POLLERR | POLLHUP)) != 0) {
      return Waited{Wake::unread, {}};
    }
    if (ends[2].revents != 0) {
      errno = 0;
      const std::unique_ptr<udev_device, UdevUnref> device(
          udev_monitor_receive_device(monitor));
      if (device) {
        return Waited{Wake::event, event_of(device.get())};
      }
      if (errno == ENOBUFS) {
        return Waited{Wake::lost, {}};
      }
      continue;  // one that the filter leaves out
    }
    if (bound && Clock::now() >= end) {
      return Waited{Wake::timeout, {}};
    }
  }
}

}  // namespace nvgpuctl
