// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/census.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace nvgpuctl {

bool is_gpu_node(std::string_view path) {
  return path.starts_with("/dev/vfio/") || path.starts_with("/dev/nvidia") ||
         path.starts_with("/dev/dri/") || path == "/dev/iommu";
}

bool is_nvidia_library(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  constexpr std::array<std::string_view, 3> kLibraries{
      "libcuda.so", "libnvidia-", "libdcgm.so"};
  return std::any_of(kLibraries.begin(), kLibraries.end(),
                     [&](auto start) { return name.starts_with(start); });
}

std::string_view mapped_path(std::string_view maps_line) {
  // address, permissions, offset, device, inode: none has a slash in it.
  const auto slash = maps_line.find('/');
  return slash == std::string_view::npos ? "" : maps_line.substr(slash);
}

std::optional<PciAddress> vfio_device_of(std::string_view fdinfo) {
  constexpr std::string_view kKey = "vfio-device-syspath:";
  for (const auto line : split(fdinfo, '\n')) {
    if (line.starts_with(kKey)) {
      const auto path = trim(line.substr(kKey.size()));
      return parse_pci_address(path.substr(path.rfind('/') + 1));
    }
  }
  return std::nullopt;
}

bool only_names_file(std::string_view fdinfo) {
  constexpr std::string_view kKey = "flags:";
  // O_PATH of asm-generic/fcntl.h, which x86 and arm64 use, too.
  constexpr unsigned kOpenPath = 010000000;
  for (const auto line : split(fdinfo, '\n')) {
    if (line.starts_with(kKey)) {
      const auto digits = trim(line.substr(kKey.size()));
      unsigned flags = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), flags, 8);
      return (flags & kOpenPath) != 0;
    }
  }
  return false;
}

}  // namespace nvgpuctl
