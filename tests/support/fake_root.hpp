// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "host/root_dir.hpp"

namespace nvgpuctl {

// A host's tree in a directory of its own, which goes when the object does.
// Paths are given from the root: "/proc/cmdline".
class FakeRoot {
 public:
  FakeRoot() {
    // In memory where there is such a place: fsync costs milliseconds on disk.
    const std::filesystem::path memory = "/dev/shm";
    std::string name = (::access(memory.c_str(), W_OK) == 0
                            ? memory
                            : std::filesystem::temp_directory_path()) /
                       "nvgpuctl-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no directory for a fake root: " + name);
    }
    directory_ = name;
    // As "/" is, so that a test can look at it as an ordinary user.
    std::filesystem::permissions(directory_, std::filesystem::perms(0755));
    directory("/sys/bus/pci/devices").directory("/run");
  }
  ~FakeRoot() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

  std::filesystem::path path(std::string_view below = "/") const {
    return directory_ / std::filesystem::path(below).relative_path();
  }
  RootDir open() const { return std::move(*RootDir::open(directory_)); }

  FakeRoot& directory(std::string_view name) {
    std::filesystem::create_directories(path(name));
    return *this;
  }
  FakeRoot& file(std::string_view name, std::string_view content) {
    std::filesystem::create_directories(path(name).parent_path());
    std::ofstream(path(name), std::ios::binary) << content;
    return *this;
  }
  FakeRoot& link(std::string_view name, std::string_view target) {
    std::filesystem::create_directories(path(name).parent_path());
    std::filesystem::remove(path(name));
    std::filesystem::create_symlink(target, path(name));
    return *this;
  }
  // What is in a file now.
  std::string content(std::string_view name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // A function below the root port 00.0 of its bus, as sysfs has it.
  FakeRoot& pci_function(std::string_view address, std::string_view vendor,
                         std::string_view device,
                         std::string_view class_code = "0x030200") {
    const std::string segment(address.substr(0, 4));
    const std::string real = "/sys/devices/pci" + segment + ":00/" + segment +
                             ":00:00.0/" + std::string(address);
    directory(real);
    link(devices(address), "../../.." + real.substr(4));
    attribute(address, "vendor", std::string(vendor) + '\n');
    attribute(address, "device", std::string(device) + '\n');
    attribute(address, "class", std::string(class_code) + '\n');
    return attribute(address, "driver_override", "(null)\n");
  }
  FakeRoot& attribute(std::string_view address, std::string_view name,
                      std::string_view content) {
    return file(devices(address) + '/' + std::string(name), content);
  }
  FakeRoot& driver(std::string_view address, std::string_view name) {
    const std::string home = "/sys/bus/pci/drivers/" + std::string(name);
    file(home + "/unbind", "");
    // Relative, as in sysfs: four directories up to /sys.
    return link(devices(address) + "/driver",
                "../../../../bus/pci/drivers/" + std::string(name));
  }
  FakeRoot& iommu_group(std::string_view address, unsigned number) {
    const std::string home =
        "/sys/kernel/iommu_groups/" + std::to_string(number);
    file(home + "/type", "DMA\n").file(home + "/reserved_regions", "");
    link(home + "/devices/" + std::string(address),
         "../../../../bus/pci/devices/" + std::string(address));
    return link(devices(address) + "/iommu_group",
                "../../../../kernel/iommu_groups/" + std::to_string(number));
  }
  FakeRoot& acpi_companion(std::string_view address, std::string_view name) {
    return attribute(address, "firmware_node/path", std::string(name) + '\n');
  }
  FakeRoot& acpi_table(std::string_view name,
                       std::span<const std::uint8_t> bytes) {
    return file("/sys/firmware/acpi/tables/" + std::string(name),
                {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  FakeRoot& numa_node(unsigned id, std::string_view cpus,
                      std::uint64_t memory_kib, std::string_view distances) {
    const std::string home =
        "/sys/devices/system/node/node" + std::to_string(id);
    file(home + "/cpulist", std::string(cpus) + '\n');
    file(home + "/meminfo", "Node " + std::to_string(id) + " MemTotal:       " +
                                std::to_string(memory_kib) + " kB\n");
    return file(home + "/distance", std::string(distances) + '\n');
  }
  FakeRoot& numa_list(std::string_view name, std::string_view ids) {
    return file("/sys/devices/system/node/" + std::string(name),
                std::string(ids) + '\n');
  }
  FakeRoot& kernel(std::string_view release, std::string_view config) {
    file("/proc/sys/kernel/osrelease", std::string(release) + '\n');
    file("/proc/sys/kernel/arch", "aarch64\n");
    return file("/boot/config-" + std::string(release), config);
  }
  FakeRoot& module_alias(std::string_view release, std::string_view lines) {
    return file("/lib/modules/" + std::string(release) + "/modules.alias",
                lines);
  }

 private:
  static std::string devices(std::string_view address) {
    return "/sys/bus/pci/devices/" + std::string(address);
  }

  std::filesystem::path directory_;
};

}  // namespace nvgpuctl
