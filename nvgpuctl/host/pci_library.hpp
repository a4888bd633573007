// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/pci_address.hpp"
#include "host/root_dir.hpp"

struct pci_access;

namespace nvgpuctl {

// libpci on the live host or on a capture: configuration space and names.
// Nothing is scanned; a function is opened by its address.
class PciLibrary {
 public:
  explicit PciLibrary(const RootDir& root);

  // As many bytes of configuration space as this user may read: 4096, 256 or
  // 64.
  Result<std::vector<std::uint8_t>> read_config(const PciAddress& address);

  // "NVIDIA Corporation GH100 [GH200 120GB / 480GB]", or numbers where
  // pci.ids does not know the device. Loads pci.ids at the first call.
  std::string device_name(std::uint16_t vendor, std::uint16_t device);
  // "3D controller"
  std::string class_name(std::uint32_t class_code);

 private:
  struct Cleanup {
    void operator()(pci_access* access) const;
  };
  std::unique_ptr<pci_access, Cleanup> access_;
};

}  // namespace nvgpuctl
