// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/holders.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace nvgpuctl {
namespace {

bool holds(std::string_view target, const PciFunction& function) {
  if (function.iommu_group &&
      target == "/dev/vfio/" + std::to_string(*function.iommu_group)) {
    return true;
  }
  if (function.vfio_dev &&
      target == "/dev/vfio/devices/" + *function.vfio_dev) {
    return true;
  }
  return function.driver == "nvidia" && target.starts_with("/dev/nvidia");
}

}  // namespace

std::vector<Holder> find_holders(const RootDir& root,
                                 const PciFunction& function) {
  std::vector<Holder> holders;
  const auto processes = root.list("/proc");
  if (!processes) {
    return holders;
  }
  for (const auto& name : *processes) {
    const auto pid = parse_unsigned(name);
    const std::string path = "/proc/" + name;
    const auto descriptors =
        pid ? root.list(path + "/fd") : Result<std::vector<std::string>>();
    if (!pid || !descriptors) {
      continue;
    }
    for (const auto& descriptor : *descriptors) {
      const auto target =
          root.link_target(fmt::format("{}/fd/{}", path, descriptor));
      if (target && holds(*target, function)) {
        const auto command = root.read_text(path + "/comm");
        holders.push_back({static_cast<unsigned>(*pid),
                           command ? std::string(trim(*command)) : "?",
                           *target});
        break;  // one line per process is enough
      }
    }
  }
  return holders;
}

}  // namespace nvgpuctl
