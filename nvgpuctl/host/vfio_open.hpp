// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/host_snapshot.hpp"
#include "host/root_dir.hpp"
#include "host/vfio_device.hpp"

namespace nvgpuctl {

// The two interfaces that VFIO has for opening a device.
enum class VfioInterface {
  cdev,   // /dev/vfio/devices/vfio0, bound to an IOMMUFD
  group,  // /dev/vfio/19 with a container
};

struct VfioPath {
  VfioInterface interface = VfioInterface::group;
  std::string path;  // of the device node
};

// Opens VFIO devices; an interface so that tests need no kernel.
class VfioOpener {
 public:
  virtual ~VfioOpener() = default;

  // The ways into a function that this kernel offers, the newer one first.
  virtual std::vector<VfioPath> paths(const PciFunction& function) = 0;

  // Takes the function out of everybody else's reach and, as VFIO does it,
  // resets it. Errors: `busy` when somebody has it, `permission`, `not_found`
  // when a node is missing, `not_viable` when another device of the group has a
  // host driver, `io` for whatever else the kernel says.
  virtual Result<std::unique_ptr<VfioDevice>> open(const PciFunction& function,
                                                   const VfioPath& path) = 0;
};

// Below the root's /dev.
class KernelVfio : public VfioOpener {
 public:
  explicit KernelVfio(const RootDir& root) : root_(root) {}

  std::vector<VfioPath> paths(const PciFunction& function) override;
  Result<std::unique_ptr<VfioDevice>> open(const PciFunction& function,
                                           const VfioPath& path) override;

 private:
  const RootDir& root_;
};

}  // namespace nvgpuctl
