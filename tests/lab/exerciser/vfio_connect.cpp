// SPDX-License-Identifier: GPL-2.0-or-later
// Finding the GPU, what it has, and taking it away from its driver.
#include <dirent.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "config_model.hpp"
#include "operation.hpp"
#include "vfio_device.hpp"

namespace exerciser {
namespace {

constexpr const char* kDevices = "/sys/bus/pci/devices/";
constexpr std::uint8_t kPowerManagement = 1;  // PCI_CAP_ID_PM
constexpr std::uint64_t kPowerControl = 4;    // PCI_PM_CTRL, in it
constexpr std::uint64_t kCapabilityPointer = 0x34;
constexpr int kRequestTimeoutMs = 20'000;
constexpr auto kUnbindTimeout = std::chrono::seconds(60);

std::string problem(const std::string& what) {
  return what + ": " + show_result(-errno);
}

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

long write_text(const std::string& path, const std::string& text) {
  const File file(path, O_WRONLY);
  if (!file.is_open() || ::write(file.number(), text.data(), text.size()) < 0) {
    return -errno;
  }
  return 0;
}

std::string link_name(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const auto count = readlink(path.c_str(), target.data(), target.size() - 1);
  if (count < 0) {
    return "";
  }
  const std::string text(target.data(), static_cast<std::size_t>(count));
  return text.substr(text.rfind('/') + 1);
}

// From 6.10 on vfio-pci-core takes mappings away, so that the driver has to
// bring them back by fault (see the driver's compat.h).
bool kernel_maps_by_fault() {
  utsname name{};
  uname(&name);
  int major = 0;
  int minor = 0;
  char dot = 0;
  if (std::sscanf(name.release, "%d%c%d", &major, &dot, &minor) != 3) {
    return true;
  }
  return major > 6 || (major == 6 && minor >= 10);
}

std::uint64_t config_offset(std::uint64_t offset) {
  return (std::uint64_t{kConfigRegion} << kRegionShift) + offset;
}

std::uint8_t config_byte(int file, std::uint64_t offset) {
  std::uint8_t byte = 0;
  if (pread(file, &byte, 1, static_cast<off_t>(config_offset(offset))) != 1) {
    return 0;
  }
  return byte;
}

std::uint64_t region_size(int file, unsigned index) {
  vfio_region_info info{};
  info.argsz = sizeof(info);
  info.index = index;
  return ioctl(file, VFIO_DEVICE_GET_REGION_INFO, &info) == 0 ? info.size : 0;
}

}  // namespace

std::string VfioDevice::find_in_group(const std::string& group) {
  const auto folder = "/sys/kernel/iommu_groups/" + group + "/devices";
  DIR* entries = opendir(folder.c_str());
  std::string found;
  while (const auto* entry = entries != nullptr ? readdir(entries) : nullptr) {
    const std::string name(static_cast<const char*>(entry->d_name));
    if (name[0] != '.' &&
        access((kDevices + name + "/nvgpu").c_str(), F_OK) == 0) {
      found = name;
    }
  }
  if (entries != nullptr) {
    closedir(entries);
  }
  return found;
}

std::uint64_t VfioDevice::attribute(const std::string& name) const {
  return std::strtoull(read_line(folder() + "/nvgpu/" + name).c_str(), nullptr,
                       0);
}

std::string VfioDevice::reset_by_sysfs() const {
  const auto path = folder() + "/reset";
  return write_text(path, "1") == 0 ? "" : problem(path);
}

bool VfioDevice::asleep() const {
  return read_line(folder() + "/power/runtime_status") == "suspended";
}

std::string VfioDevice::connect() {
  shape_ = {};
  if (auto error = read_layout(); !error.empty()) {
    return error;
  }
  if (auto error = open_group(); !error.empty()) {
    return error;
  }
  return learn();
}

std::string VfioDevice::read_layout() {
  const auto layout = read_line(folder() + "/nvgpu/layout");
  if (layout != "split" && layout != "single") {
    return folder() + "/nvgpu/layout is '" + layout +
           "'; bind the GPU to nvgpuctl's driver, with memory to show";
  }
  shape_.regions =
      coherent_regions(layout == "single" ? Layout::single : Layout::split,
                       attribute("usable_size"), attribute("reserved_size"));
  return "";
}

std::string VfioDevice::open_group() {
  const auto name = "/dev/vfio/" + link_name(folder() + "/iommu_group");
  container_ = File("/dev/vfio/vfio", O_RDWR);
  if (!container_.is_open()) {
    return problem("/dev/vfio/vfio");
  }
  group_ = File(name, O_RDWR);
  if (!group_.is_open()) {
    return problem(name);
  }
  vfio_group_status status{};
  status.argsz = sizeof(status);
  if (ioctl(group_.number(), VFIO_GROUP_GET_STATUS, &status) != 0 ||
      (status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) {
    return name + ": a device of the group has a driver other than VFIO's";
  }
  const int container = container_.number();
  if (ioctl(group_.number(), VFIO_GROUP_SET_CONTAINER, &container) != 0) {
    return problem(name + ": joining the container");
  }
  if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) {
    return problem("/dev/vfio/vfio: choosing the type 1 IOMMU");
  }
  return "";
}

std::string VfioDevice::learn() {
  const int number =
      ioctl(group_.number(), VFIO_GROUP_GET_DEVICE_FD, address_.c_str());
  if (number < 0) {
    return problem(address_ + ": opening the device");
  }
  const File file(number);
  vfio_device_info info{};
  info.argsz = sizeof(info);
  if (ioctl(number, VFIO_DEVICE_GET_INFO, &info) != 0) {
    return problem(address_ + ": VFIO_DEVICE_GET_INFO");
  }
  shape_.can_reset = (info.flags & VFIO_DEVICE_FLAGS_RESET) != 0;
  shape_.config_size = region_size(number, kConfigRegion);
  shape_.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  shape_.by_fault = kernel_maps_by_fault();
  vfio_device_feature feature{};
  feature.argsz = sizeof(feature);
  feature.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
                  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;
  shape_.low_power = ioctl(number, VFIO_DEVICE_FEATURE, &feature) == 0;
  learn_bars(number);
  learn_power(number);
  return "";
}

// Of the hardware's BARs those that are 64 bits wide; others would shift what
// the odd registers mean.
void VfioDevice::learn_bars(int file) {
  constexpr std::uint8_t kTypeMask = 0x07;  // I/O or memory, and its width
  constexpr std::uint8_t kMemory64 = 0x04;
  for (const unsigned index : {0U, 2U, 4U}) {
    const auto low = config_byte(file, 0x10 + 4 * index);
    const auto size = region_size(file, index);
    if (shape_.find(index) == nullptr && size > 0 &&
        (low & kTypeMask) == kMemory64) {
      shape_.core_bars.push_back({.index = index, .size = size});
    }
  }
}

void VfioDevice::learn_power(int file) {
  constexpr int kMostCapabilities = 48;  // of 4 bytes each, below 256
  std::uint64_t at = config_byte(file, kCapabilityPointer) & 0xFCU;
  for (int i = 0; i < kMostCapabilities && at != 0; i++) {
    if (config_byte(file, at) == kPowerManagement) {
      shape_.power_register = at + kPowerControl;
      return;
    }
    at = config_byte(file, at + 1) & 0xFCU;
  }
}

std::string VfioDevice::begin_unbind(unsigned slot) {
  request_ = File(eventfd(0, EFD_CLOEXEC));
  // The event's number follows the structure.
  alignas(vfio_irq_set)
      std::array<char, sizeof(vfio_irq_set) + sizeof(std::int32_t)>
          request{};
  vfio_irq_set set{};
  set.argsz = request.size();
  set.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  set.index = VFIO_PCI_REQ_IRQ_INDEX;
  set.count = 1;
  const std::int32_t event = request_.number();
  std::memcpy(request.data(), &set, sizeof(set));
  std::memcpy(request.data() + sizeof(set), &event, sizeof(event));
  if (ioctl(files_.at(slot).number(), VFIO_DEVICE_SET_IRQS, request.data()) !=
      0) {
    return problem("asking to be told of requests");
  }
  driver_ = link_name(folder() + "/driver");
  const auto path = folder() + "/driver/unbind";
  unbind_ = std::async(std::launch::async, write_text, path, address_);
  pollfd waiting{.fd = request_.number(), .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, kRequestTimeoutMs) != 1) {
    return "no request came";
  }
  return "";
}

std::string VfioDevice::finish_unbind() {
  // Both orders are usual: a group may outlive its last device.
  const bool group_first = unbinds_++ % 2 == 0;
  if (group_first) {
    group_.close();
    container_.close();
  }
  if (unbind_.wait_for(kUnbindTimeout) != std::future_status::ready) {
    std::fprintf(stderr,
                 "unbind does not end although nobody has the device\n");
    std::_Exit(1);  // the future would wait for it, too
  }
  if (const auto result = unbind_.get(); result != 0) {
    return "unbind: " + show_result(result);
  }
  if (access((folder() + "/driver").c_str(), F_OK) == 0) {
    return "it still has a driver";
  }
  group_.close();
  container_.close();
  request_.close();
  return bind_again();
}

std::string VfioDevice::bind_again() {
  const auto override_path = folder() + "/driver_override";
  if (read_line(override_path) == "(null)") {
    write_text(override_path, driver_);
  }
  const auto result =
      write_text("/sys/bus/pci/drivers/" + driver_ + "/bind", address_);
  if (result != 0) {
    return "bind: " + show_result(result);
  }
  // The device nodes are made a moment later.
  constexpr int kTries = 100;
  std::string error;
  for (int i = 0; i < kTries; i++) {
    error = open_group();
    if (error.empty()) {
      return "";
    }
    group_.close();
    container_.close();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return error;
}

}  // namespace exerciser
