// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops/hook_filter.hpp"

#include <algorithm>

#include "core/hostdev_scan.hpp"
#include "core/journal.hpp"
#include "host/state_dir.hpp"

namespace nvgpuctl {
namespace {

// A display function of NVIDIA's; which of them is a Grace GPU takes the device
// table to tell.
bool is_nvidia_gpu(const RootDir& root, const std::string& home) {
  const auto vendor = root.read_text(home + "/vendor");
  if (!vendor || *vendor != "0x10de") {
    return false;
  }
  const auto code = root.read_text(home + "/class");
  return code && code->starts_with("0x03");
}

}  // namespace

bool has_nvidia_gpu(const RootDir& root) {
  const std::string home = "/sys/bus/pci/devices";
  const auto names = root.list(home);
  return names && std::any_of(names->begin(), names->end(),
                              [&](const std::string& name) {
                                return is_nvidia_gpu(root, home + '/' + name);
                              });
}

bool may_need_prepare(const RootDir& root, std::string_view xml) {
  const auto addresses = addresses_in(xml);
  if (!addresses) {
    return has_nvidia_gpu(root);
  }
  return std::any_of(addresses->begin(), addresses->end(),
                     [&](const PciAddress& address) {
                       return is_nvidia_gpu(root, sysfs_path(address));
                     });
}

bool may_need_release(const RootDir& root, std::string_view guest) {
  const auto gpus = list_origins(root);
  return std::any_of(gpus.begin(), gpus.end(), [&](const PciAddress& gpu) {
    const auto origin = read_origin(root, gpu);
    return !origin || (*origin && (*origin)->domain == guest);
  });
}

}  // namespace nvgpuctl
