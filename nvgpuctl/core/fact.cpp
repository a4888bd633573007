// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/fact.hpp"

namespace nvgpuctl {

std::string_view to_string(Source source) {
  switch (source) {
    case Source::srat:
      return "srat";
    case Source::slit:
      return "slit";
    case Source::dsd:
      return "dsd";
    case Source::pci_config:
      return "pci-config";
    case Source::sysfs:
      return "sysfs";
    case Source::procfs:
      return "procfs";
    case Source::kernel:
      return "kernel";
    case Source::kernel_config:
      return "kernel-config";
    case Source::libvirt:
      return "libvirt";
    case Source::device_table:
      return "device-table";
    case Source::option:
      return "option";
    case Source::capture:
      return "capture";
    case Source::computed:
      return "computed";
    case Source::assumed:
      break;
  }
  return "assumed";
}

}  // namespace nvgpuctl
